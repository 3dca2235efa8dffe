package keychain

import (
	"errors"
	"fmt"
)

// Moved says what a migration did with one item.
type Moved int

// The outcomes of a migration for one item.
const (
	// Copied: the item is in the new place and was read back there.
	Copied Moved = iota
	// Same: the new place had the same item already, as after an interrupted migration.
	Same
	// Newer: the new place had another, newer secret, which stays; the old place keeps its own.
	Newer
)

// CopyAll copies every item of every profile from one keychain to another and reads each back. It removes nothing. report
// is told of each item but the fingerprints, and may be nil. What the other keychain does not accept is an error. On an error both keychains keep what they have, and calling it again goes on where
// it stopped. It returns the items whose copies were verified, for RemoveAll.
func CopyAll(from, to *Keychain, report func(Ref, Moved)) ([]Item, error) {
	refs, err := from.ListAll("")
	if err != nil {
		return nil, err
	}
	var verified []Item
	for _, ref := range refs {
		item, err := from.Get(ref)
		if errors.Is(err, ErrNotFound) {
			continue // removed by somebody meanwhile
		}
		if err != nil {
			return verified, err
		}
		if item.Kind == KindFingerprint {
			if _, err := to.accepted(item); err != nil {
				continue // of a name that no key can have: no value is lost with it
			}
			if err := to.AddFingerprints(item); err != nil {
				return verified, err
			}
			verified = append(verified, item)
			continue
		}
		outcome, err := copyItem(item, to)
		if err != nil {
			return verified, err
		}
		if outcome != Newer {
			verified = append(verified, item)
		}
		if report != nil {
			report(ref, outcome)
		}
	}
	return verified, nil
}

func copyItem(item Item, to *Keychain) (Moved, error) {
	present, err := to.Get(item.Ref)
	switch {
	case err == nil && present.sameAs(item):
		return Same, nil
	case err == nil && present.Updated.After(item.Updated):
		return Newer, nil
	case err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDamaged): // what an interrupted copy left is replaced
		return 0, err
	}
	if item, err = to.accepted(item); err != nil {
		return 0, err
	}
	if err := to.write(item); err != nil {
		return 0, err
	}
	present, err = to.Get(item.Ref)
	if err != nil {
		return 0, fmt.Errorf("reading back: %w", err)
	}
	if !present.sameAs(item) {
		return 0, fmt.Errorf("%w: %s was not read back from the %s backend as it was written", ErrDamaged, item.Name, to.name)
	}
	return Copied, nil
}

func (i Item) sameAs(other Item) bool {
	return i.Secret == other.Secret && i.Username == other.Username && i.Expires.Equal(other.Expires)
}

// RemoveAll removes items that CopyAll verified from the old place, unless they changed there since. The absent is no error.
func RemoveAll(from *Keychain, verified []Item) error {
	for _, item := range verified {
		now, err := from.Get(item.Ref)
		if errors.Is(err, ErrNotFound) || err == nil && !now.sameAs(item) {
			continue
		}
		if err != nil {
			return err
		}
		if err := from.Remove(item.Ref); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
	}
	return nil
}
