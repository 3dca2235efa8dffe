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
// nothing. It returns the items whose copies were verified, for CatchUp. report, which may be nil, is
// called for each item except fingerprints.
//
// On an error, including an item that the destination does not accept, nothing is lost; another call
// continues where this one stopped.
func CopyAll(from, to *Keychain, report func(Ref, Moved)) ([]Item, error) {
	return copyAll(from, to, nil, report)
}

// CatchUp copies what was stored in from since CopyAll, and removes from to the copies of what was removed, unless
// something else was stored there. Its result and errors are those of CopyAll, for RemoveAll.
//
// The caller keeps other processes from finishing a write (Mover) until it has named the new backend. Nothing but
// such writes may have removed items from from since CopyAll.
func CatchUp(from, to *Keychain, copied []Item) ([]Item, error) {
	before := make(map[Ref]Item, len(copied))
	for _, item := range copied {
		before[item.Ref] = item
	}
	verified, err := copyAll(from, to, before, nil)
	if err != nil {
		return verified, err
	}
	for _, item := range copied {
		switch there, err := from.Has(item.Ref); {
		case err != nil:
			return verified, err
		case there:
			continue
		}
		present, err := to.Get(item.Ref)
		if errors.Is(err, ErrNotFound) || err == nil && !present.sameAs(item) {
			continue
		}
		if err != nil {
			return verified, err
		}
		if err := to.Remove(item.Ref); err != nil && !errors.Is(err, ErrNotFound) {
			return verified, err
		}
	}
	return verified, nil
}

// copyAll is CopyAll. before are the items that it copied earlier; their copies are replaced whatever their dates.
func copyAll(from, to *Keychain, before map[Ref]Item, report func(Ref, Moved)) ([]Item, error) {
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
		outcome, err := copyItem(item, to, before)
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

func copyItem(item Item, to *Keychain, before map[Ref]Item) (Moved, error) {
	present, err := to.Get(item.Ref)
	former, copied := before[item.Ref]
	switch {
	case err == nil && present.sameAs(item):
		return Same, nil
	case err == nil && copied && present.sameAs(former):
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

// RemoveAll removes the items that CopyAll or CatchUp verified from the source, unless they have changed there. An
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
