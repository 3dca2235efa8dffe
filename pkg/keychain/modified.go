package keychain

import "time"

// Modified returns when an item was last written, without unlocking: the file's modification time in the
// file store, and the zero time in other backends. An item's own Updated is more reliable. Errors:
// ErrInvalidName, ErrNotFound.
func (k *Keychain) Modified(ref Ref) (time.Time, error) {
	if err := check(ref); err != nil || k.file == nil {
		return time.Time{}, err
	}
	modified, err := k.file.store.Modified(ref.Key())
	return modified, about(ref, err)
}
