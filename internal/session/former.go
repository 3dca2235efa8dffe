package session

import (
	"errors"
	"time"

	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// SaysKept says that the previous value is kept, and how to restore it.
func (s *Session) SaysKept(name string) {
	s.Print.Note("the previous value is kept for a week")
	s.Hint("ragenv rotate --undo " + name)
}

// Irreplaceable returns the error for a stored key that no service can reissue. command is the one that
// replaces it anyway.
func (s *Session) Irreplaceable(ref keychain.Ref, command string) error {
	return ui.Errorf("keep a copy (ragenv get"+s.Config.ForProfile(ref.Profile)+" "+ref.Name+" > FILE), then: "+command,
		"%s is already stored, and what is encrypted with it can never be read without it", ref.Name)
}

// FormerKept is how long the value before a rotation can be restored.
const FormerKept = 7 * 24 * time.Hour

// FormerRef returns the reference of the value that an item had before its last rotation.
func FormerRef(ref keychain.Ref) keychain.Ref {
	ref.Kind = keychain.KindPrevious
	return ref
}

// KeepFormer keeps the value that is about to be replaced, for ragenv rotate --undo.
func (s *Session) KeepFormer(k *keychain.Keychain, current keychain.Item) error {
	current.Ref = FormerRef(current.Ref)
	current.Updated = s.Now().UTC().Truncate(time.Second) // the week starts now
	return k.Set(current)
}

// KeepReplaced keeps the value that item replaces, if it is a variable's, differs and is not damaged.
func (s *Session) KeepReplaced(k *keychain.Keychain, item keychain.Item) error {
	if item.Kind != keychain.KindEnv {
		return nil
	}
	former, err := k.Get(item.Ref)
	switch {
	case errors.Is(err, keychain.ErrDamaged), errors.Is(err, keychain.ErrNotFound):
		return nil
	case err != nil || former.Secret == item.Secret:
		return err
	}
	return s.KeepFormer(k, former)
}

// ForgetOld removes former values that are older than FormerKept. It is housekeeping during a command's own
// work, so it ignores errors and the next command tries again.
func (s *Session) ForgetOld(k *keychain.Keychain, refs []keychain.Ref) {
	for _, ref := range refs {
		if ref.Kind != keychain.KindPrevious || !k.Unlocked() {
			continue
		}
		if item, err := k.Get(ref); err == nil && s.Now().Sub(item.Updated) > FormerKept {
			_ = k.Remove(ref)
		}
	}
}
