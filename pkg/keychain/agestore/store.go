// Package agestore is a keychain of age-encrypted files, for machines that have no other keychain.
//
// A store is a directory:
//
//	store.json   {"format":1,"recipient":"age1..."}
//	identity     an age identity file for the recipient, in plain text or encrypted with a passphrase (scrypt)
//	items/       one age file per item, encrypted to the recipient; its name is the item's key
//	lock         locked while a process writes
//	unlock-key   while the store is unlocked: the key that encrypts the cached identity
//
// Storing an item needs only the recipient, so it never asks for a passphrase. Reading needs the identity.
// Item names are not secret: Has and Keys work without unlocking. The age command recovers a value with
// "age -d -i identity items/NAME.age".
//
// An item's file does not contain its name. To detect swapped files, the caller repeats the name in the
// data, as pkg/keychain does.
package agestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"time"

	"filippo.io/age"
)

// FormatVersion is the newest store format that this package reads, and the one it writes.
const FormatVersion = 1

// MaxItemSize is the maximum length of an item's data, in bytes.
const MaxItemSize = 16 << 20

// The errors of this package. Match them with errors.Is.
var (
	ErrNotFound        = errors.New("not found in the keychain")
	ErrNoStore         = errors.New("there is no keychain yet")
	ErrExists          = errors.New("there is a store already")
	ErrNewerFormat     = errors.New("made by a newer version")
	ErrInsecure        = errors.New("not safe to use")
	ErrDamaged         = errors.New("damaged")
	ErrLocked          = errors.New("the keychain is locked")
	ErrWrongPassphrase = errors.New("wrong passphrase")
	ErrInvalidKey      = errors.New("invalid key")
	ErrTooLarge        = errors.New("too large")
	ErrTimeout         = errors.New("no answer in time")
	ErrNoLocks         = errors.New("the file system does not support locks")
	ErrWorkFactor      = fmt.Errorf("the work factor must be from 1 to %d", MaxWorkFactor)
)

// Cache keeps an unlocked identity, encrypted, outside this process for a limited time. A reader treats any
// error as a miss.
type Cache interface {
	Get(id string) ([]byte, error)
	Put(id string, secret []byte, ttl time.Duration) error
	Remove(id string) error
}

// Derived keeps an identity for processes that have the passphrase, so that they need not derive the key
// again. It opens nothing for other processes. sealed is the encrypted identity; when it changes, the entry
// no longer matches. A reader treats any error as a miss.
type Derived interface {
	Get(id string, sealed, passphrase []byte) ([]byte, error)
	Put(id string, sealed, passphrase, secret []byte, ttl time.Duration) error
	Remove(id string) error
}

// Options says where a store is and how to unlock it.
type Options struct {
	// Dir is the store's directory.
	Dir string
	// Passphrase is called if the identity is encrypted and not cached. If it has no passphrase, it returns
	// ErrLocked or an error that wraps it. Nil means that there is none.
	Passphrase func() ([]byte, error)
	// Cache may be nil.
	Cache Cache
	// Derived is used, for CacheFor, if Cache is nil or cannot be written. It may be nil.
	Derived Derived
	// CacheFor is how long an identity unlocked with a passphrase stays cached. Zero disables caching.
	CacheFor time.Duration
	// Warn receives harmless anomalies, such as foreign files, one line each. It may be nil.
	Warn func(message string)
}

// DefaultWorkFactor is age's default: 256 MiB of memory and about a second.
const DefaultWorkFactor = 18

// Protection says how the identity of a new store is protected.
type Protection struct {
	// Passphrase encrypts the identity. If it is empty, the identity is stored in plain text.
	Passphrase []byte
	// WorkFactor is scrypt's, log2 of N, from 1 to MaxWorkFactor; zero means DefaultWorkFactor. Each
	// unlock, and each guess of the passphrase, takes 2^WorkFactor KiB of memory and time in proportion.
	// The store keeps it for later passphrases.
	WorkFactor int
}

// Store is an open store. It is safe for concurrent use by goroutines and processes.
type Store struct {
	opts      Options
	recipient *age.X25519Recipient

	mu sync.Mutex
	id *age.X25519Identity
}

const (
	manifestName = "store.json"
	identityName = "identity"
	itemsName    = "items"
	lockName     = "lock"
	tempName     = ".tmp"
	itemSuffix   = ".age"
)

func (o Options) path(elem ...string) string {
	return filepath.Join(append([]string{o.Dir}, elem...)...)
}

// Exists reports whether dir contains a store, or may contain one: a directory that cannot be read counts.
// It does not check that the store is usable: items whose store.json is lost are a store, too, and Create
// would replace the identity that decrypts them.
func Exists(dir string) bool {
	_, err := os.Lstat(filepath.Join(dir, manifestName))
	return !errors.Is(err, fs.ErrNotExist) || hasItems(dir)
}

func hasItems(dir string) bool {
	entries, err := os.ReadDir(filepath.Join(dir, itemsName))
	return err == nil && slices.ContainsFunc(entries, func(entry fs.DirEntry) bool { return strings.HasSuffix(entry.Name(), itemSuffix) })
}

// Open opens the store in opts.Dir without reading the identity or an item. Errors: ErrNoStore,
// ErrInsecure, ErrNewerFormat, ErrDamaged.
func Open(opts Options) (*Store, error) {
	if err := checkDir(opts.Dir); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, fmt.Errorf("%w in %s", ErrNoStore, opts.Dir)
		}
		return nil, err
	}
	m, err := readManifest(opts)
	if err != nil {
		return nil, err
	}
	recipient, err := age.ParseX25519Recipient(m.Recipient)
	if err != nil {
		return nil, fmt.Errorf("%w: the recipient in %s: %w", ErrDamaged, opts.path(manifestName), err)
	}
	return &Store{opts: opts, recipient: recipient}, nil
}

// Create creates a store in opts.Dir with a new identity, which stays unlocked for opts.CacheFor. A crash
// leaves either a complete store or none. Errors: ErrExists, ErrInsecure, ErrTimeout, ErrNoLocks,
// ErrWorkFactor.
func Create(opts Options, protection Protection) (*Store, error) {
	if protection.WorkFactor < 0 || protection.WorkFactor > MaxWorkFactor {
		return nil, ErrWorkFactor
	}
	if err := makeDir(opts.Dir); err != nil {
		return nil, err
	}
	unlock, err := lockFile(opts.path(lockName))
	if err != nil {
		return nil, err
	}
	defer unlock()
	if Exists(opts.Dir) {
		return nil, fmt.Errorf("%w in %s", ErrExists, opts.Dir)
	}
	if err := makeDir(opts.path(itemsName)); err != nil {
		return nil, err
	}
	id, err := age.GenerateX25519Identity()
	if err != nil {
		return nil, err
	}
	sealed, err := sealIdentity(id, protection.Passphrase, protection.WorkFactor)
	if err != nil {
		return nil, err
	}
	if err := writeFile(opts.Dir, identityName, sealed); err != nil {
		return nil, err
	}
	// store.json is written last: without it there is no store, and a second Create starts over.
	m := manifest{
		Format: FormatVersion, Recipient: id.Recipient().String(), IdentitySums: []string{sum(sealed)}, WorkFactor: protection.WorkFactor,
	}
	if err := writeManifest(opts, m); err != nil {
		return nil, err
	}
	s := &Store{opts: opts, recipient: id.Recipient(), id: id}
	_ = s.remember(id) // without a cache, the next read asks for the passphrase
	return s, nil
}

// ID identifies the store to the cache. It is the recipient, which is public.
func (s *Store) ID() string { return s.recipient.String() }

// Has reports whether key is stored, without unlocking.
func (s *Store) Has(key string) (bool, error) {
	name, err := fileName(key)
	if err != nil {
		return false, nil // an invalid key cannot have been stored
	}
	switch _, err = os.Lstat(s.opts.path(itemsName, name)); {
	case err == nil:
		return true, nil
	case errors.Is(err, fs.ErrNotExist):
		return false, nil
	}
	return false, err
}

// Get returns an item's data. Errors: ErrNotFound, ErrLocked, ErrWrongPassphrase, ErrDamaged, ErrInsecure,
// and those of Options.Passphrase.
func (s *Store) Get(key string) ([]byte, error) {
	name, err := fileName(key)
	if err != nil {
		return nil, ErrNotFound
	}
	path := s.opts.path(itemsName, name)
	sealed, err := readFile(path, MaxItemSize+1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNotFound
	}
	if err != nil {
		return nil, err
	}
	id, err := s.identity()
	if err != nil {
		return nil, err
	}
	data, err := decrypt(sealed, id)
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, path, err)
	}
	return data, nil
}

// Modified returns the modification time of an item's file, without unlocking. Errors: ErrNotFound.
func (s *Store) Modified(key string) (time.Time, error) {
	name, err := fileName(key)
	if err != nil {
		return time.Time{}, ErrNotFound
	}
	info, err := os.Lstat(s.opts.path(itemsName, name))
	if errors.Is(err, fs.ErrNotExist) {
		return time.Time{}, ErrNotFound
	}
	if err != nil {
		return time.Time{}, err
	}
	return info.ModTime(), nil
}

// Set stores an item's data and replaces a former item of that key. It never unlocks. On an error the
// former item is still stored, except that the new one may be if only syncing the directory failed. Errors:
// ErrInvalidKey, ErrTooLarge, ErrTimeout, ErrNoLocks, ErrInsecure, ErrReplaced.
func (s *Store) Set(key string, data []byte) error {
	name, err := fileName(key)
	if err != nil {
		return err
	}
	if len(data) > MaxItemSize {
		return fmt.Errorf("%w: %d bytes, at most %d fit", ErrTooLarge, len(data), MaxItemSize)
	}
	sealed, err := encrypt(data, s.recipient)
	if err != nil {
		return err
	}
	return s.locked(func() error { return writeFile(s.opts.path(itemsName), name, sealed) })
}

// Remove removes an item. Errors: ErrNotFound if it is absent, ErrTimeout, ErrNoLocks, ErrInsecure,
// ErrReplaced.
func (s *Store) Remove(key string) error {
	name, err := fileName(key)
	if err != nil {
		return ErrNotFound
	}
	return s.locked(func() error {
		err := removeFile(s.opts.path(itemsName), name)
		if errors.Is(err, fs.ErrNotExist) {
			return ErrNotFound
		}
		return err
	})
}

// Keys returns the keys of all items, unsorted, without unlocking. It reports foreign files to Options.Warn
// and does not touch them.
func (s *Store) Keys() ([]string, error) {
	dir, err := os.Open(s.opts.path(itemsName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer func() { _ = dir.Close() }()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(names))
	for _, name := range names {
		if name == tempName {
			continue
		}
		key, ok := keyOf(name)
		if !ok {
			s.warn(fmt.Sprintf("ignoring %s, which is not an item of this store", s.opts.path(itemsName, name)))
			continue
		}
		keys = append(keys, key)
	}
	return keys, nil
}

func (s *Store) locked(write func() error) error {
	unlock, err := lockFile(s.opts.path(lockName))
	if errors.Is(err, fs.ErrNotExist) {
		return ErrReplaced
	}
	if err != nil {
		return err
	}
	defer unlock()
	// While this process waited for the lock, another store may have replaced this one. It could not
	// decrypt an item encrypted to this store's recipient.
	if m, err := readManifest(s.opts); errors.Is(err, ErrNoStore) || err == nil && m.Recipient != s.ID() {
		return ErrReplaced
	}
	if err := makeDir(s.opts.path(itemsName)); err != nil {
		return err
	}
	// Remove the temporary files of a killed writer: one may be the identity in plain text.
	for _, temp := range []string{s.opts.path(tempName), s.opts.path(itemsName, tempName)} {
		if err := remove(temp); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return write()
}

func (s *Store) warn(message string) {
	if s.opts.Warn != nil {
		s.opts.Warn(message)
	}
}
