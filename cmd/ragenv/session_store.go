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
	did  storing
	kept bool // the value that it replaced
}

// storeAndRead stores an item and reads it back. Another secret in its place is only replaced if replace is set, and kept if it is a
// variable's.
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
		if err == nil && item.Kind == keychain.KindEnv {
			if err := s.keepPrevious(k, stored.Item); err != nil {
				return stored, err
			}
			stored.kept = true
		}
		if err = k.Set(item); err == nil {
			err = s.unlocked(k, read)
		}
	}
	if err == nil && !same() {
		stored.did = storedOther
	}
	return stored, err
}

// trimmed returns a value without the white space around it, and says that there was some.
func (s *session) trimmed(name, value string) string {
	key := validate.Trim(secrets.KindOf(name), value)
	if key != value && key != "" {
		s.print.Note("%s: white space around the key was removed", name)
	}
	return key
}

// saysKept says that the value before is kept, and how it comes back.
func (s *session) saysKept(name string) {
	s.print.Note("the one before is kept for a week")
	s.hint("ragenv rotate" + s.forProfile() + " --undo " + name)
}

// checkValue tells the user what is odd about a value, and refuses what must not be stored.
func (s *session) checkValue(name, value string, forced bool) error {
	return s.checkValueOr(name, value, forced, "ragenv set "+name+" --force")
}

// checkValueOr is checkValue for another command than set: insist is what stores an unusual value anyway.
func (s *session) checkValueOr(name, value string, forced bool, insist string) error {
	for _, finding := range validate.Check(secrets.KindOf(name), value) {
		switch {
		case finding.Severity == validate.Refuse:
			return ui.Errorf(finding.Hint, "%s: %s", name, finding.Message)
		case finding.Severity == validate.Unusual && !forced:
			return ui.Errorf(finding.Hint+"; if it is right: "+insist, "%s: %s", name, finding.Message)
		default:
			s.print.Warn("%s: %s", name, finding.Message)
			if finding.Hint != "" {
				s.print.Hint("%s", finding.Hint)
			}
		}
	}
	return nil
}

func irreplaceable(name, command string) error {
	return ui.Errorf("keep a copy (ragenv get "+name+" > FILE), then: "+command,
		"%s is stored already, and what is encrypted with it can never be read without it", name)
}

// place is where an item is going to be stored, with what is there now.
type place struct {
	keychain *keychain.Keychain // nil if there is none yet
	former   keychain.Item      // empty if there is none, or if it is unread
	taken    bool               // something is stored there
	sourced  bool               // a command gives the key, which the stored one is to replace
	unread   error              // why that cannot be read, nil if it can
}

// findPlace reads what an item is going to replace, and asks for the passphrase if it must: the former value is kept, so it has
// to be known. It comes before any question for the new value, which must not be lost for want of the passphrase.
//
// What cannot be read because the keychain is locked, or because it is damaged, is replaced only with force.
func (s *session) findPlace(ref keychain.Ref, forced bool) (p place, err error) {
	if _, p.sourced = s.config.Source(ref); p.sourced {
		if err := s.mayReplaceSource(ref, forced); err != nil {
			return p, err
		}
	}
	if p.keychain, err = s.existing(); p.keychain == nil || err != nil {
		return p, err
	}
	if p.taken, err = p.keychain.Has(ref); err != nil || !p.taken {
		return p, err
	}
	p.unread = s.unlocked(p.keychain, func() (err error) {
		p.former, err = p.keychain.Get(ref)
		return err
	})
	force := "ragenv set" + s.forProfile() + " " + ref.Name + " --force"
	switch err := p.unread; {
	case errors.Is(err, keychain.ErrNotFound): // removed meanwhile
		p.taken, p.unread = false, nil
	case errors.Is(err, keychain.ErrDamaged):
		if !forced {
			return p, ui.Errorf(force+" replaces it", "the value before cannot be kept: %w", err)
		}
	case errors.Is(err, keychain.ErrLocked), errors.Is(err, keychain.ErrWrongPassphrase):
		if !forced {
			return p, ui.Errorf(ui.Explain(err).Hint+"; without keeping the value before: "+force, "%s%s is stored already: %w", ref.Name, s.inProfile(), err)
		}
	case err != nil:
		return p, err
	}
	return p, nil
}

// existing opens the keychain for writing; nil if there is none yet.
func (s *session) existing() (*keychain.Keychain, error) {
	k, err := s.opener().Read()
	switch {
	case errors.Is(err, keychain.ErrNoStore):
		return nil, nil
	case err != nil:
		return nil, err
	case k.Backend() == keychain.SourceOnly:
		return nil, nil
	case s.config.Backend != "":
		return k.Stored(), nil
	}
	k, err = s.opener().Write() // the config file that named the backend is lost
	if err != nil {
		return nil, err
	}
	return k.Stored(), nil
}

// mayReplace refuses to lose a key that no service can make again.
func (p place) mayReplace(item keychain.Item, forced bool) error {
	known, _ := secrets.Lookup(item.Name)
	if !known.Irreplaceable || forced || !p.taken || p.former.Secret == item.Secret && !item.Secret.Empty() {
		return nil
	}
	return irreplaceable(item.Name, "ragenv set "+item.Name+" --force")
}

// store writes an item that was checked, and says what it did.
func (s *session) store(item keychain.Item, forced bool) error {
	p, err := s.findPlace(item.Ref, forced)
	if err != nil {
		return err
	}
	return s.storeAt(p, item, forced)
}

// storeAt is store with what findPlace found. A value that is there already keeps its expiry, unless another is given; a new
// value's expiry is unknown until told.
func (s *session) storeAt(p place, item keychain.Item, forced bool) (err error) {
	if err := p.mayReplace(item, forced); err != nil {
		return err
	}
	if p.keychain == nil {
		if p.keychain, err = s.opener().Write(); err != nil {
			return err
		}
		p.keychain = p.keychain.Stored()
	}
	k, former := p.keychain, p.former
	same := former.Secret == item.Secret && !former.Secret.Empty()
	if same && (item.Expires.IsZero() || item.Expires.Equal(former.Expires)) {
		if err := s.dropSource(p, item.Ref); err != nil {
			return err
		}
		s.print.Note("%s%s already has that value", item.Name, s.inProfile())
		s.warnOfLoginInstead(k, item)
		return nil
	}
	if same && !former.Updated.After(s.now()) {
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
	if err := s.config.SetUnused(item.Name, false); err != nil {
		s.print.Warn("%v", err)
	}
	if err := s.dropSource(p, item.Ref); err != nil {
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
	case p.taken:
		s.print.Note("replaced %s%s", where, until)
	default:
		s.print.Note("stored %s%s", where, until)
	}
	switch {
	case kept:
		s.saysKept(item.Name)
	case p.unread != nil:
		s.print.Warn("the value before could not be read, so it is not kept: %v", p.unread)
	}
	if !same && !former.Expires.IsZero() && item.Expires.IsZero() {
		s.expiryUnknown(item.Name)
	}
	s.warnOfLoginInstead(k, item)
	return nil
}

// dropSource removes the command in whose place a key was stored.
func (s *session) dropSource(p place, ref keychain.Ref) error {
	if !p.sourced {
		return nil
	}
	return runSourceRm(s, ref)
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

// keepReplaced keeps the value that item is about to replace, if it is a variable's, another one, and not damaged.
func (s *session) keepReplaced(k *keychain.Keychain, item keychain.Item) error {
	former, err := k.Get(item.Ref)
	switch {
	case item.Kind != keychain.KindEnv, errors.Is(err, keychain.ErrDamaged), errors.Is(err, keychain.ErrNotFound):
		return nil
	case err != nil || former.Secret == item.Secret:
		return err
	}
	return s.keepPrevious(k, former)
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
