package session

import (
	"errors"
	"fmt"
	"time"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Storing is what StoreAndRead found or did.
type Storing int

const (
	StoredNow   Storing = iota // the item was written and read back
	StoredSame                 // it was already there
	StoredOther                // another secret is there, and was kept
)

// StoredItem is what the keychain contains after StoreAndRead.
type StoredItem struct {
	keychain.Item
	Did  Storing
	Kept bool // the replaced value was kept
}

// StoreAndRead stores an item and reads it back. It replaces another secret only if replace is set, and
// keeps the replaced value of a variable.
func (s *Session) StoreAndRead(k *keychain.Keychain, item keychain.Item, replace bool) (stored StoredItem, err error) {
	// Ask for the passphrase, if there is one, before others have to wait.
	if stored.Item, err = s.Get(k, item.Ref); err != nil && !errors.Is(err, keychain.ErrNotFound) && !errors.Is(err, keychain.ErrDamaged) {
		return stored, err
	}
	err = s.Opener().Changing(k, func() (err error) {
		stored, err = s.storeAndRead(k, item, replace)
		return err
	})
	return stored, err
}

// storeAndRead is StoreAndRead for a keychain that is unlocked or cannot be read.
func (s *Session) storeAndRead(k *keychain.Keychain, item keychain.Item, replace bool) (stored StoredItem, err error) {
	same := func() bool { return stored.Secret == item.Secret && stored.Username == item.Username }
	stored.Did = StoredSame
	stored.Item, err = k.Get(item.Ref)
	if errors.Is(err, keychain.ErrNotFound) || replace && (err == nil && !same() || errors.Is(err, keychain.ErrDamaged)) {
		stored.Did = StoredNow
		if err == nil && item.Kind == keychain.KindEnv {
			if err := s.KeepFormer(k, stored.Item); err != nil {
				return stored, err
			}
			stored.Kept = true
		}
		if err = k.Set(item); err == nil {
			stored.Item, err = k.Get(item.Ref)
		}
	}
	if err == nil && !same() {
		stored.Did = StoredOther
	}
	return stored, err
}

// Place is where an item will be stored, and what is there now.
type Place struct {
	keychain *keychain.Keychain // nil if none exists yet
	Former   keychain.Item      // empty if there is none or it could not be read
	Taken    bool               // something is stored there
	sourced  bool               // a command supplies the key; the stored one will replace it
	Unread   error              // why the former value could not be read, or nil

	NeverExpires bool // set by the caller: a zero expiry means that there is none, not that it is unknown
}

// FindPlace reads what an item will replace, and asks for the passphrase if necessary, because the former
// value is kept. Call it before asking for the new value, which would be lost if the passphrase were
// missing.
//
// A value that cannot be read, because the keychain is locked or the value is damaged, is replaced only
// with forced.
func (s *Session) FindPlace(ref keychain.Ref, forced bool) (p Place, err error) {
	if _, p.sourced = s.Config.Source(ref); p.sourced {
		if err := s.mayReplaceSource(ref, forced); err != nil {
			return p, err
		}
	}
	p.Taken, err = Settled(s, func() (taken bool, err error) {
		if p.keychain, err = s.existing(); p.keychain != nil && err == nil {
			taken, err = p.keychain.Has(ref)
		}
		return taken, err
	})
	if err != nil || !p.Taken {
		return p, err
	}
	p.Former, p.Unread = s.Get(p.keychain, ref)
	force := "ragenv set " + ref.Name + " --force"
	switch err := p.Unread; {
	case errors.Is(err, keychain.ErrNotFound): // removed in the meantime
		p.Taken, p.Unread = false, nil
	case errors.Is(err, keychain.ErrDamaged):
		if !forced {
			return p, ui.Errorf(force+" replaces it", "the previous value cannot be kept: %w", err)
		}
	case errors.Is(err, keychain.ErrLocked), errors.Is(err, keychain.ErrWrongPassphrase):
		if !forced {
			return p, ui.Errorf(ui.Explain(err).Hint+"; without keeping the previous value: "+force, "%s%s is already stored: %w", ref.Name, s.InProfile(), err)
		}
	case err != nil:
		return p, err
	}
	return p, nil
}

// existing opens the keychain for writing, and returns nil if none exists yet.
func (s *Session) existing() (*keychain.Keychain, error) {
	k, err := s.Opener().Read()
	switch {
	case errors.Is(err, keychain.ErrNoStore):
		return nil, nil
	case err != nil:
		return nil, err
	case k.Backend() == keychain.SourceOnly:
		return nil, nil
	case s.Config.Backend != "":
		return k.Stored(), nil
	}
	k, err = s.Opener().Write() // the config file that named the backend is lost
	if err != nil {
		return nil, err
	}
	return k.Stored(), nil
}

// MayReplace refuses to lose a key that no service can reissue.
func (s *Session) MayReplace(p Place, item keychain.Item, forced bool) error {
	known, _ := secrets.Lookup(item.Name)
	if !known.Irreplaceable || forced || !p.Taken || p.Former.Secret == item.Secret && !item.Secret.Empty() {
		return nil
	}
	return s.Irreplaceable(item.Ref, "ragenv set "+item.Name+" --force")
}

// Store writes a checked item and says what it did.
func (s *Session) Store(item keychain.Item, forced bool) error {
	p, err := s.FindPlace(item.Ref, forced)
	if err != nil {
		return err
	}
	return s.StoreAt(p, item, forced)
}

// StoreAt is Store with the result of FindPlace. A value that is already stored keeps its expiry unless
// another is given, or Place.NeverExpires. The expiry of a new value is unknown unless given.
func (s *Session) StoreAt(p Place, item keychain.Item, forced bool) (err error) {
	if err := s.MayReplace(p, item, forced); err != nil {
		return err
	}
	if p.keychain == nil {
		if p.keychain, err = s.Opener().Write(); err != nil {
			return err
		}
		p.keychain = p.keychain.Stored()
	}
	return s.Opener().Changing(p.keychain, func() error { return s.storeAt(p, item, forced) })
}

// storeAt is StoreAt for the keychain in use, and no other process changes it meanwhile.
func (s *Session) storeAt(p Place, item keychain.Item, forced bool) error {
	if p.Unread == nil { // read again: another process may have changed it since
		switch former, err := p.keychain.Get(item.Ref); {
		case err == nil:
			p.Former, p.Taken = former, true
		case errors.Is(err, keychain.ErrNotFound):
			p.Former, p.Taken = keychain.Item{}, false
		}
		if err := s.MayReplace(p, item, forced); err != nil {
			return err
		}
	}
	k, former := p.keychain, p.Former
	same := former.Secret == item.Secret && !former.Secret.Empty()
	unchanged := item.Expires.Equal(former.Expires) || item.Expires.IsZero() && !p.NeverExpires
	if same && unchanged {
		if err := s.dropSource(p, item.Ref); err != nil {
			return err
		}
		s.Print.Note("%s%s already has that value", item.Name, s.InProfile())
		s.warnOfLoginInstead(k, item)
		return nil
	}
	if same && !former.Updated.After(s.Now()) {
		item.Updated = former.Updated
	}
	kept := !same && !former.Secret.Empty() && item.Kind == keychain.KindEnv
	if kept {
		if err := s.KeepFormer(k, former); err != nil {
			return err
		}
	}
	if err := k.Set(item); err != nil {
		return err
	}
	if err := s.Config.SetUnused(item.Name, false); err != nil {
		s.Print.Warn("%v", err)
	}
	if err := s.dropSource(p, item.Ref); err != nil {
		return err
	}
	where := fmt.Sprintf("%s%s in the %s backend", item.Name, s.InProfile(), k.Backend())
	until := ""
	if !item.Expires.IsZero() {
		until = ", which expires on " + item.Expires.In(s.Now().Location()).Format(time.DateOnly)
	}
	switch {
	case same && item.Expires.IsZero():
		s.Print.Note("%s%s now has no expiry; its value is unchanged", item.Name, s.InProfile())
	case same:
		s.Print.Note("%s%s now expires on %s; its value is unchanged", item.Name, s.InProfile(), item.Expires.In(s.Now().Location()).Format(time.DateOnly))
	case p.Taken:
		s.Print.Note("replaced %s%s", where, until)
	default:
		s.Print.Note("stored %s%s", where, until)
	}
	switch {
	case kept:
		s.SaysKept(item.Name)
	case p.Unread != nil:
		s.Print.Warn("the previous value could not be read, so it is not kept: %v", p.Unread)
	}
	if !same && !former.Expires.IsZero() && item.Expires.IsZero() && !p.NeverExpires {
		s.ExpiryUnknown(item.Name)
	}
	s.warnOfLoginInstead(k, item)
	return nil
}

// dropSource removes the command that the stored key replaces.
func (s *Session) dropSource(p Place, ref keychain.Ref) error {
	if !p.sourced {
		return nil
	}
	return s.RemoveSource(ref)
}

// warnOfLoginInstead warns that Docker does not get the key that was just stored.
func (s *Session) warnOfLoginInstead(k *keychain.Keychain, stored keychain.Item) {
	if stored.Kind != keychain.KindEnv || stored.Name != secrets.NGCAPIKey {
		return
	}
	if login, ok := s.LoginInstead(k); ok {
		s.Print.Warn("%s answers for %s, not %s", DescribeInstead(login), serverurl.NGC, stored.Name)
		s.Print.Hint(RemoveLogin)
	}
}
