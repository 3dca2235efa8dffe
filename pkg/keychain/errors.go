package keychain

import (
	"errors"

	"github.com/ragenv/ragenv/pkg/keychain/agestore"
)

// The errors a keychain returns, whatever its backend. They are matched with errors.Is; the text around them says which
// item, file or service is meant, and never holds a secret.
var (
	// ErrUnavailable: the backend cannot be used on this machine or at this moment.
	ErrUnavailable = errors.New("not available")
	// ErrInvalidName: the profile or name cannot be stored.
	ErrInvalidName = errors.New("invalid name")
	// ErrUnknownBackend: there is no backend of that name.
	ErrUnknownBackend = errors.New("unknown backend")
	// ErrNotProtected: the backend has no passphrase of ours: it is unlocked by the system it belongs to, or not at all.
	ErrNotProtected = errors.New("has no passphrase")

	// ErrKeyQuota: the kernel's quota of keys of this user is used up (keyrings(7)).
	ErrKeyQuota = errors.New("the kernel's quota of keys is used up")
	// ErrStillUnlocked: the kernel does not let this process end an unlock, so the store may still be open for others.
	ErrStillUnlocked = errors.New("the keychain may still be unlocked")

	// ErrNotFound: no item of that name is stored in that profile.
	ErrNotFound = agestore.ErrNotFound
	// ErrLocked: the item exists, but reading it needs a passphrase or an unlock that nobody could give.
	ErrLocked = agestore.ErrLocked
	// ErrTimeout: the backend did not answer in time.
	ErrTimeout = agestore.ErrTimeout
	// ErrTooLarge: the backend cannot hold a name or a value of that length.
	ErrTooLarge = agestore.ErrTooLarge
	// ErrDamaged: what is stored cannot be what was written: cut short, changed, or swapped with another item.
	ErrDamaged = agestore.ErrDamaged
	// ErrInsecure: the store could be read or changed by somebody else, so it is not used. See InsecureError.
	ErrInsecure = agestore.ErrInsecure
	// ErrNewerFormat: the store was made by a newer version of this program.
	ErrNewerFormat = agestore.ErrNewerFormat
	// ErrNoStore: the file store has not been created yet.
	ErrNoStore = agestore.ErrNoStore
	// ErrStoreExists: a file store is there already.
	ErrStoreExists = agestore.ErrExists
	// ErrReplaced: SetFileStoreAside came between, so nothing was written.
	ErrReplaced = agestore.ErrReplaced
	// ErrWrongPassphrase: the passphrase does not open the store.
	ErrWrongPassphrase = agestore.ErrWrongPassphrase
	// ErrNoLocks: the store's file system does not support the locks that writing needs.
	ErrNoLocks = agestore.ErrNoLocks
)

// InsecureError says which path is not safe, why, and which mode would be. It matches ErrInsecure.
type InsecureError = agestore.InsecureError

// LockedElsewhereError: the backend is locked, and its own program has to unlock it, because this session cannot show the
// dialog that would ask. It matches ErrLocked.
type LockedElsewhereError struct {
	Command string // what unlocks it, for a shell
}

func (*LockedElsewhereError) Error() string { return ErrLocked.Error() }

func (*LockedElsewhereError) Unwrap() error { return ErrLocked }

// RefusedError is an item that Options.Accept does not let in.
type RefusedError struct {
	Ref Ref
	Err error // what Accept said
}

func (e *RefusedError) Error() string { return e.Ref.Name + ": " + e.Err.Error() }

// Unwrap returns the error inside.
func (e *RefusedError) Unwrap() error { return e.Err }

// KeyError: the backend encrypts with a key that cannot be used any more, or is not there. It matches ErrUnavailable.
type KeyError struct {
	Backend string
	Reason  string // which key, and what is wrong with it
	Command string // what helps, for a shell
}

func (e *KeyError) Error() string {
	return "the " + e.Backend + " backend is " + ErrUnavailable.Error() + ": " + e.Reason
}

func (*KeyError) Unwrap() error { return ErrUnavailable }

// Hint returns the command.
func (e *KeyError) Hint() string { return e.Command }
