package keychain

import "time"

// Modified tells when an item was last written, without unlocking, as far as the backend knows: the time of the file in the
// file store, zero in other backends. An item's own Updated is the better source where it can be read. Errors:
// ErrNotFound.
func (k *Keychain) Modified(ref Ref) (time.Time, error) {
	if err := check(ref); err != nil || k.file == nil {
		return time.Time{}, err
	}
	modified, err := k.file.store.Modified(ref.Key())
	return modified, about(ref, err)
}
