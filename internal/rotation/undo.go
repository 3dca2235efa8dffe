package rotation

import (
	"errors"
	"time"

	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where/holders"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Undo swaps the current and the former value, so that an undo can be undone, and lists what has the value
// that was current. If interrupted between the two writes, the former value is in both places.
func Undo(s *session.Session, name string) error {
	k, ref, err := open(s, name)
	if err != nil {
		return err
	}
	// Ask for the passphrase, if there is one, before others have to wait.
	if _, err := s.Get(k, session.FormerRef(ref)); err != nil && !errors.Is(err, keychain.ErrNotFound) {
		return err
	}
	if err := s.Opener().Changing(k, func() error { return restore(s, k, ref) }); err != nil {
		return err
	}
	holders.AfterRotation(s, name)
	return nil
}

// restore swaps the current and the former value.
func restore(s *session.Session, k *keychain.Keychain, ref keychain.Ref) error {
	previous, err := k.Get(session.FormerRef(ref))
	if errors.Is(err, keychain.ErrNotFound) || err == nil && s.Now().Sub(previous.Updated) > session.FormerKept {
		if has, err := k.Has(ref); err == nil && !has {
			return s.NotStored(ref, "rotate NAME --undo")
		}
		return ui.Errorf("ragenv set "+ref.Name, "no previous key is kept for %s%s: none was replaced, it was confirmed, or a week has passed", ref.Name, s.InProfile())
	}
	if err != nil {
		return err
	}
	current, err := k.Get(ref)
	if err != nil && !errors.Is(err, keychain.ErrNotFound) && !errors.Is(err, keychain.ErrDamaged) {
		return err
	}
	restored := previous
	restored.Ref, restored.Updated = ref, time.Time{}
	if err := k.Set(restored); err != nil {
		return err
	}
	if current.Secret.Empty() {
		if err := k.Remove(previous.Ref); err != nil && !errors.Is(err, keychain.ErrNotFound) {
			return err
		}
		s.Print.Note("restored the previous %s%s", ref.Name, s.InProfile())
		return nil
	}
	if err := s.KeepFormer(k, current); err != nil {
		return err
	}
	s.Print.Note("restored the previous %s%s; the replaced one is kept for a week", ref.Name, s.InProfile())
	s.Hint("to swap them again: ragenv rotate --undo " + ref.Name)
	return nil
}

// Confirm deletes the former value.
func Confirm(s *session.Session, name string) error {
	k, ref, err := open(s, name)
	if err != nil {
		return err
	}
	err = s.Opener().Changing(k, func() error { return k.Remove(session.FormerRef(ref)) })
	if errors.Is(err, keychain.ErrNotFound) {
		s.Print.Note("no previous key is kept for %s%s", ref.Name, s.InProfile())
		return nil
	}
	if err == nil {
		s.Print.Note("deleted the previous key of %s%s", ref.Name, s.InProfile())
	}
	return err
}
