package main

import (
	"errors"
	"fmt"
	"time"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// storing tells what storeAndRead found or did.
type storing int

const (
	storedNow   storing = iota // the item was written, and was read back
	storedSame                 // it was there already
	storedOther                // another secret is there, and stays
)

// storedItem is what the keychain holds now.
type storedItem struct {
	keychain.Item
	did storing
}

// storeAndRead stores an item and reads it back. Another secret in its place is only replaced if replace is set.
func (s *session) storeAndRead(k *keychain.Keychain, item keychain.Item, replace bool) (stored storedItem, err error) {
	read := func() (err error) {
		stored.Item, err = k.Get(item.Ref)
		return err
	}
	same := func() bool { return stored.Secret == item.Secret && stored.Username == item.Username }
	stored.did = storedSame
	err = s.unlocked(k, read)
	if errors.Is(err, keychain.ErrNotFound) || replace && (err == nil && !same() || errors.Is(err, keychain.ErrDamaged)) {
		stored.did = storedNow
		if err = k.Set(item); err == nil {
			err = s.unlocked(k, read)
		}
	}
	if err == nil && !same() {
		stored.did = storedOther
	}
	return stored, err
}

// checkValue tells the user what is odd about a value, and refuses what must not be stored.
func (s *session) checkValue(name, value string, forced bool) error {
	return s.checkValueOr(name, value, forced, "ragenv set "+name+" --force")
}

// checkValueOr is checkValue for another command than set: insist is what stores an unusual value all the same.
func (s *session) checkValueOr(name, value string, forced bool, insist string) error {
	for _, finding := range validate.Check(secrets.KindOf(name), value) {
		switch {
		case finding.Severity == validate.Refuse:
			return ui.Errorf(finding.Hint, "%s: %s", name, finding.Message)
		case finding.Severity == validate.Unusual && !forced:
			return ui.Errorf(finding.Hint+"; if it is right all the same: "+insist, "%s: %s", name, finding.Message)
		default:
			s.print.Warn("%s: %s", name, finding.Message)
			if finding.Hint != "" {
				s.print.Hint("%s", finding.Hint)
			}
		}
	}
	return nil
}

// mayReplace refuses to lose a key that no service can make again.
func (s *session) mayReplace(item keychain.Item, forced bool) error {
	known, _ := secrets.Lookup(item.Name)
	if !known.Irreplaceable || forced {
		return nil
	}
	k, err := s.opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil
	}
	if err != nil {
		return err
	}
	if has, err := k.Has(item.Ref); err != nil || !has {
		return err
	}
	if !item.Secret.Empty() {
		if stored, err := k.Get(item.Ref); err == nil && stored.Secret == item.Secret {
			return nil
		}
	}
	return irreplaceable(item.Name, "ragenv set "+item.Name+" --force")
}

func irreplaceable(name, command string) error {
	return ui.Errorf("keep a copy (ragenv get "+name+" > FILE), then: "+command,
		"%s is stored already, and what is encrypted with it can never be read without it", name)
}

// store writes an item that was checked, and says what it did.
//
// The value that is stored already keeps its expiry, unless another is given; a new value's expiry is unknown until told.
func (s *session) store(item keychain.Item, forced bool) error {
	if err := s.mayReplace(item, forced); err != nil {
		return err
	}
	k, err := s.opener().Write()
	if err != nil {
		return err
	}
	replaces, err := k.Has(item.Ref)
	if err != nil {
		return err
	}
	var former keychain.Item
	if replaces && k.Unlocked() { // storing needs no passphrase, so none is asked for this
		former, _ = k.Get(item.Ref)
	}
	same := former.Secret == item.Secret && !former.Secret.Empty()
	if same && (item.Expires.IsZero() || item.Expires.Equal(former.Expires)) {
		s.print.Note("%s%s already has that value", item.Name, s.inProfile())
		s.warnOfLoginInstead(k, item)
		return nil
	}
	if same {
		item.Updated = former.Updated
	}
	kept := !same && !former.Secret.Empty() && item.Kind == keychain.KindEnv
	if kept {
		if err := s.keepPrevious(k, former); err != nil {
			return err
		}
	}
	if err := k.Set(item); err != nil {
		return err
	}
	where := fmt.Sprintf("%s%s in the %s backend", item.Name, s.inProfile(), k.Backend())
	until := ""
	if !item.Expires.IsZero() {
		until = ", which expires on " + item.Expires.In(s.now().Location()).Format(time.DateOnly)
	}
	switch {
	case same:
		s.print.Note("noted for %s%s: the value is the same", item.Name, until)
	case replaces:
		s.print.Note("replaced %s%s", where, until)
	default:
		s.print.Note("stored %s%s", where, until)
	}
	if kept {
		s.print.Note("the one before is kept for a week")
		s.hint("ragenv rotate" + s.forProfile() + " --undo " + item.Name)
	}
	if !same && !former.Expires.IsZero() && item.Expires.IsZero() {
		s.print.Note("when the new key expires is not known")
		s.hint("ragenv set " + item.Name + " --expires 90d, with the same value, notes it")
	}
	s.warnOfLoginInstead(k, item)
	return nil
}

// warnOfLoginInstead says that Docker does not get the key that was just stored.
func (s *session) warnOfLoginInstead(k *keychain.Keychain, stored keychain.Item) {
	if stored.Kind != keychain.KindEnv || stored.Name != secrets.NGCAPIKey {
		return
	}
	if login, ok := s.loginInstead(k); ok {
		s.print.Warn("%s answers for %s, not %s", describeInstead(login), serverurl.NGC, stored.Name)
		s.print.Hint("%s", s.removeLogin())
	}
}

// previousKept is how long the value before a rotation can be brought back.
const previousKept = 7 * 24 * time.Hour

// previousRef names the value an item had before its last rotation.
func previousRef(ref keychain.Ref) keychain.Ref {
	ref.Kind = keychain.KindPrevious
	return ref
}

// keepPrevious keeps a value that is about to be replaced, for ragenv rotate --undo.
func (s *session) keepPrevious(k *keychain.Keychain, current keychain.Item) error {
	current.Ref = previousRef(current.Ref)
	current.Updated = s.now().UTC().Truncate(time.Second) // the week counts from now
	return k.Set(current)
}

// forgetOld removes the values from before rotations whose week has passed. It is housekeeping next to a command's own work,
// so what it cannot do now is left for the next time.
func (s *session) forgetOld(k *keychain.Keychain, refs []keychain.Ref) {
	for _, ref := range refs {
		if ref.Kind != keychain.KindPrevious || !k.Unlocked() {
			continue
		}
		if item, err := k.Get(ref); err == nil && s.now().Sub(item.Updated) > previousKept {
			_ = k.Remove(ref)
		}
	}
}
