package session

import (
	"errors"
	"time"

	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// SaysKept says that the value before is kept, and how it comes back.
func (s *Session) SaysKept(name string) {
	s.Print.Note("the previous value is kept for a week")
	s.Hint("ragenv rotate" + s.ForProfile() + " --undo " + name)
}

// Irreplaceable is the error for a key that is stored already and that no service can make again; command replaces it all the same.
func Irreplaceable(name, command string) error {
	return ui.Errorf("keep a copy (ragenv get "+name+" > FILE), then: "+command,
		"%s is stored already, and what is encrypted with it can never be read without it", name)
}

// FormerKept is how long the value before a rotation can be brought back.
const FormerKept = 7 * 24 * time.Hour

// FormerRef names the value an item had before its last rotation.
func FormerRef(ref keychain.Ref) keychain.Ref {
	ref.Kind = keychain.KindPrevious
	return ref
}

// KeepFormer keeps a value that is about to be replaced, for ragenv rotate --undo.
func (s *Session) KeepFormer(k *keychain.Keychain, current keychain.Item) error {
	current.Ref = FormerRef(current.Ref)
	current.Updated = s.Now().UTC().Truncate(time.Second) // the week counts from now
	return k.Set(current)
}

// KeepReplaced keeps the value that item is about to replace, if it is a variable's, another one, and not damaged.
func (s *Session) KeepReplaced(k *keychain.Keychain, item keychain.Item) error {
	former, err := k.Get(item.Ref)
	switch {
	case item.Kind != keychain.KindEnv, errors.Is(err, keychain.ErrDamaged), errors.Is(err, keychain.ErrNotFound):
		return nil
	case err != nil || former.Secret == item.Secret:
		return err
	}
	return s.KeepFormer(k, former)
}

// ForgetOld removes the values from before rotations whose week has passed. It is housekeeping next to a command's own work,
// so what it cannot do now is left for the next time.
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
