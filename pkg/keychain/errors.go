package keychain

import (
	"errors"

	"github.com/ragenv/ragenv/pkg/keychain/agestore"
)

// The errors of a keychain, whatever its backend. Match them with errors.Is. The surrounding text names the
// item, file or service, and never contains a secret.
var (
	// ErrUnavailable: the backend cannot be used on this machine, or not right now.
	ErrUnavailable = errors.New("not available")
	// ErrInvalidName: the profile or item name is not valid.
	ErrInvalidName = errors.New("invalid name")
	// ErrUnknownBackend: no backend has that name.
	ErrUnknownBackend = errors.New("unknown backend")
	// ErrNotProtected: the operation needs a passphrase of the file store, and this keychain has none.
	ErrNotProtected = errors.New("has no passphrase")

	// ErrKeyQuota: the user's kernel key quota is used up (keyrings(7)).
	ErrKeyQuota = errors.New("the kernel's quota of keys is used up")
	// ErrStillUnlocked: the kernel did not let this process end an unlock, so other processes may still
	// read the store.
	ErrStillUnlocked = errors.New("the keychain may still be unlocked")

	// ErrNotFound: the profile has no item of that name.
	ErrNotFound = agestore.ErrNotFound
	// ErrLocked: reading needs a passphrase or an unlock that is not available.
	ErrLocked = agestore.ErrLocked
	// ErrTimeout: the backend did not answer in time.
	ErrTimeout = agestore.ErrTimeout
	// ErrTooLarge: the name or value is too long for the backend.
	ErrTooLarge = agestore.ErrTooLarge
	// ErrDamaged: the stored data was truncated, changed, or swapped with another item.
	ErrDamaged = agestore.ErrDamaged
	// ErrInsecure: another user could read or change the store, so it is not used. See InsecureError.
	ErrInsecure = agestore.ErrInsecure
	// ErrNewerFormat: a newer version of this program created the store.
	ErrNewerFormat = agestore.ErrNewerFormat
	// ErrNoStore: the file store does not exist yet.
	ErrNoStore = agestore.ErrNoStore
	// ErrStoreExists: a file store already exists.
	ErrStoreExists = agestore.ErrExists
	// ErrReplaced: SetFileStoreAside moved the store in the meantime, so nothing was written.
	ErrReplaced = agestore.ErrReplaced
	// ErrWrongPassphrase: the passphrase does not open the store.
	ErrWrongPassphrase = agestore.ErrWrongPassphrase
	// ErrNoLocks: the store's file system does not support the locks that writing needs.
	ErrNoLocks = agestore.ErrNoLocks
)

// InsecureError names the unsafe path, the reason, and the mode that would be safe. It matches ErrInsecure.
type InsecureError = agestore.InsecureError

// LockedElsewhereError: the backend is locked and must be unlocked by its own program, because this session
// cannot show its dialog. It matches ErrLocked.
type LockedElsewhereError struct{ Backend string }

func (*LockedElsewhereError) Error() string { return ErrLocked.Error() }

func (*LockedElsewhereError) Unwrap() error { return ErrLocked }

// RefusedError: Options.Accept rejected an item.
type RefusedError struct {
	Ref Ref
	Err error // Accept's error
}

func (e *RefusedError) Error() string { return e.Ref.Name + ": " + e.Err.Error() }

// Unwrap returns Accept's error.
func (e *RefusedError) Unwrap() error { return e.Err }

// KeyError: the backend's encryption key is missing or can no longer be used. It matches ErrUnavailable.
type KeyError struct {
	Backend     string
	Reason      string // the key and its problem
	Fault       KeyFault
	Fingerprint string // of the key, with KeyExpired
}

// KeyFault says what is wrong with a backend's encryption key.
type KeyFault int

const (
	KeyUnusable     KeyFault = iota // it cannot encrypt, or was revoked
	KeyExpired                      // nothing can be stored
	KeyAbsent                       // nothing can be stored
	KeySecretAbsent                 // nothing can be read
)

func (e *KeyError) Error() string {
	return "the " + e.Backend + " backend is " + ErrUnavailable.Error() + ": " + e.Reason
}

func (*KeyError) Unwrap() error { return ErrUnavailable }
