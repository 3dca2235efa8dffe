package keychain

import (
	"errors"
	"fmt"
)

// Moved is what a migration did with an item.
type Moved int

// The outcomes of a migration for one item.
const (
	// Copied: the item was written to the destination and read back.
	Copied Moved = iota
	// Same: the destination already had the same item, for example after an interrupted migration.
	Same
	// Newer: the destination has a different, newer secret. Both keychains keep theirs.
	Newer
)

// CopyAll copies all items of all profiles from one keychain to another and reads each one back. It removes
// nothing. It returns the items whose copies were verified, for RemoveAll. report, which may be nil, is
// called for each item except fingerprints.
//
// On an error, including an item that the destination does not accept, nothing is lost; another call
// continues where this one stopped.
func CopyAll(from, to *Keychain, report func(Ref, Moved)) ([]Item, error) {
	refs, err := from.ListAll("")
	if err != nil {
		return nil, err
	}
	var verified []Item
	for _, ref := range refs {
		item, err := from.Get(ref)
		if errors.Is(err, ErrNotFound) {
			continue // removed in the meantime
		}
		if err != nil {
			return verified, err
		}
		if item.Kind == KindFingerprint {
			if _, err := to.accepted(item); err != nil {
				continue // no key can have its name, so no value is lost
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
	case err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDamaged): // an interrupted copy is replaced
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

// RemoveAll removes the items that CopyAll verified from the source, unless they have changed there. An
// absent item is not an error.
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
