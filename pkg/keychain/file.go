package keychain

import (
	"errors"
	"fmt"
	"slices"
	"syscall"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain/agestore"
	"github.com/ragenv/ragenv/pkg/keychain/internal/kernelcache"
	"github.com/ragenv/ragenv/pkg/keychain/internal/tmpfscache"
)

// fileBackend adapts the file store to Backend.
type fileBackend struct{ store *agestore.Store }

// identityCache keeps the unlocked identity in the kernel keyring.
type identityCache struct{}

func (identityCache) Get(id string) ([]byte, error) { return kernelcache.Get(id) }

func (identityCache) Put(id string, secret []byte, ttl time.Duration) error {
	return kernelcache.Put(id, secret, ttl)
}

func (identityCache) Remove(id string) error { return kernelcache.Remove(id) }

// derivedCache keeps the unlocked identity in a tmpfs file, for processes that have the passphrase.
type derivedCache struct{}

func (derivedCache) Get(id string, sealed, passphrase []byte) ([]byte, error) {
	return tmpfscache.Get(id, sealed, passphrase)
}

func (derivedCache) Put(id string, sealed, passphrase, secret []byte, ttl time.Duration) error {
	return tmpfscache.Put(id, sealed, passphrase, secret, ttl)
}

func (derivedCache) Remove(id string) error { return tmpfscache.Remove(id) }

func agestoreOptions(opts Options) agestore.Options {
	return agestore.Options{
		Dir: opts.Dir, Passphrase: opts.Passphrase, Cache: identityCache{}, Derived: derivedCache{}, CacheFor: opts.CacheFor,
		Warn: opts.Warn,
	}
}

func openFile(opts Options) (*fileBackend, error) {
	store, err := agestore.Open(agestoreOptions(opts))
	if err != nil {
		return nil, err
	}
	return &fileBackend{store}, nil
}

// CanStayUnlocked reports whether this machine can keep a file store unlocked for later processes. That
// needs Linux; most containers cannot.
func CanStayUnlocked() bool { return kernelcache.Available() }

// FileStoreExists reports whether dir has a file store, or may have one: a directory that cannot be read
// counts. It does not check that the store is usable.
func FileStoreExists(dir string) bool { return agestore.Exists(dir) }

// Protection is the passphrase of a new file store and the cost of deriving a key from it.
type Protection = agestore.Protection

// The default and maximum scrypt work factors (log2 of N) of a file store's passphrase.
const (
	DefaultWorkFactor = agestore.DefaultWorkFactor
	MaxWorkFactor     = agestore.MaxWorkFactor
)

// CreateFileStore creates the file store in opts.Dir and opens it. Errors: ErrStoreExists, ErrInsecure,
// ErrTimeout, ErrNoLocks, and agestore.ErrWorkFactor for a work factor out of range.
func CreateFileStore(opts Options, protection Protection) (*Keychain, error) {
	store, err := agestore.Create(agestoreOptions(opts), protection)
	if err != nil {
		return nil, err
	}
	file := &fileBackend{store}
	return &Keychain{name: BackendFile, backend: file, accept: opts.Accept, file: file}, nil
}

// SetFileStoreAside renames the file store in opts.Dir, readable or not, to a directory next to it whose
// name ends in date. It returns that directory, which Options.Dir may name later, and the store's items,
// sorted, without fingerprints. Errors: ErrNoStore, ErrInsecure, ErrTimeout, ErrNoLocks, and those of
// os.Rename.
func SetFileStoreAside(opts Options, date time.Time) (dir string, refs []Ref, err error) {
	dir, keys, err := agestore.SetAside(agestoreOptions(opts), date)
	refs = slices.DeleteFunc(parseKeys(keys), func(ref Ref) bool { return ref.Kind == KindFingerprint })
	sortRefs(refs)
	return dir, refs, err
}

// ReinstateFileStore undoes SetFileStoreAside. dir is the directory that SetFileStoreAside returned.
// Errors: ErrStoreExists if a store was created since, and those of os.Rename.
func ReinstateFileStore(opts Options, dir string) error {
	return agestore.Reinstate(agestoreOptions(opts), dir)
}

// Get implements Backend.
func (f *fileBackend) Get(ref Ref) ([]byte, error) { return f.store.Get(ref.Key()) }

// Has implements Backend.
func (f *fileBackend) Has(ref Ref) (bool, error) { return f.store.Has(ref.Key()) }

// Set implements Backend.
func (f *fileBackend) Set(ref Ref, data []byte) error { return f.store.Set(ref.Key(), data) }

// Remove implements Backend.
func (f *fileBackend) Remove(ref Ref) error { return f.store.Remove(ref.Key()) }

// Refs implements Backend.
func (f *fileBackend) Refs() ([]Ref, error) {
	keys, err := f.store.Keys()
	if err != nil {
		return nil, err
	}
	return parseKeys(keys), nil
}

func parseKeys(keys []string) []Ref {
	refs := make([]Ref, 0, len(keys))
	for _, key := range keys {
		if ref, ok := ParseKey(key); ok {
			refs = append(refs, ref)
		}
	}
	return refs
}

// Protected reports whether reading needs a ragenv passphrase. Only the file store can have one.
func (k *Keychain) Protected() (bool, error) {
	if k.file == nil {
		return false, nil
	}
	return k.file.store.Protected()
}

// WorkFactor returns the scrypt work factor of the file store's passphrase: unlocking takes 2^WorkFactor
// KiB of memory. Errors: ErrNotProtected for other backends.
func (k *Keychain) WorkFactor() (int, error) {
	if k.file == nil {
		return 0, fmt.Errorf("the %s backend %w", k.name, ErrNotProtected)
	}
	return k.file.store.WorkFactor()
}

// Unlocked reports whether reading needs no prompt right now.
func (k *Keychain) Unlocked() bool {
	if k.system != nil {
		return k.system.Unlocked() == nil
	}
	return k.file.store.Unlocked()
}

// Unlock opens the file store with its passphrase and keeps it open for Options.CacheFor. Errors:
// ErrWrongPassphrase, ErrDamaged, ErrNotProtected, and ErrUnavailable if this machine cannot keep it open.
func (k *Keychain) Unlock(passphrase []byte) error {
	if protected, err := k.Protected(); err != nil {
		return err
	} else if !protected {
		return fmt.Errorf("the %s backend %w", k.name, ErrNotProtected)
	}
	err := k.file.store.Unlock(passphrase)
	if errors.Is(err, kernelcache.ErrUnavailable) {
		if errors.Is(err, syscall.EDQUOT) {
			return fmt.Errorf("%w: %w", ErrUnavailable, ErrKeyQuota)
		}
		return fmt.Errorf("%w: the kernel refuses to keep it (%w)", ErrUnavailable, cause(err))
	}
	return err
}

// UnlockSystem lets another program's backend prompt the user to unlock it. Open the keychain with
// Options.Interactive first. For the file store it does nothing. Errors: ErrLocked if it stays locked,
// ErrTimeout, ErrUnavailable.
func (k *Keychain) UnlockSystem() error {
	if k.system != nil {
		return k.system.Unlock()
	}
	return nil
}

// Lock ends an unlock in every process. Locking a locked store is not an error. Errors: ErrStillUnlocked,
// and ErrNotProtected for other backends.
func (k *Keychain) Lock() error {
	if k.file == nil {
		return fmt.Errorf("the %s backend %w", k.name, ErrNotProtected)
	}
	return stillUnlocked(k.file.store.Lock())
}

// ChangePassphrase replaces the file store's passphrase. An empty one means no passphrase. Errors:
// ErrWrongPassphrase, ErrDamaged, ErrTimeout, ErrNotProtected for other backends, and ErrStillUnlocked if
// the passphrase was changed but the unlock could not be ended.
func (k *Keychain) ChangePassphrase(current, next []byte) error {
	if k.file == nil {
		return fmt.Errorf("the %s backend %w", k.name, ErrNotProtected)
	}
	return stillUnlocked(k.file.store.ChangePassphrase(current, next))
}

// stillUnlocked turns the cache's ErrUnavailable into ErrStillUnlocked.
func stillUnlocked(err error) error {
	if errors.Is(err, kernelcache.ErrUnavailable) {
		return fmt.Errorf("%w: the kernel refuses the call (%w)", ErrStillUnlocked, cause(err))
	}
	return err
}

// cause returns the kernel's own error, without the text around it.
func cause(err error) error {
	var errno syscall.Errno
	if errors.As(err, &errno) && errno == syscall.EDQUOT { // its text, "disk quota exceeded", would mislead
		return ErrKeyQuota
	} else if errno != 0 {
		return errno
	}
	return err
}
