// Package keychain stores a user's keys in one named backend: an operating system's keychain, or the
// embedded file store. Items belong to profiles. The same item serves Docker's credential helper and the
// environment of commands.
package keychain

import (
	"cmp"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

// Options selects a backend and how to open it.
type Options struct {
	// Backend is a name that Backends returns.
	Backend string
	// Dir is the file store's directory.
	Dir string
	// Passphrase returns the file store's passphrase, or an error that wraps ErrLocked if none is
	// available. Nil means that none is available.
	Passphrase func() ([]byte, error)
	// CacheFor is how long a file store unlocked with a passphrase stays unlocked for other processes of
	// the same user. Zero means not at all.
	CacheFor time.Duration
	// Warn receives harmless anomalies, one line without a full stop. It may be nil.
	Warn func(message string)
	// Interactive lets another program's backend prompt the user, with a desktop dialog or gpg's pinentry.
	// Without it, reading from a locked backend fails at once.
	Interactive bool
	// Collection is the Secret Service collection. Empty means DefaultCollection.
	Collection string
	// Accept returns an error to reject an item before it is stored. It runs for every item except
	// fingerprints that this package creates. Nil accepts all items.
	Accept func(Item) error
}

// Keychain is an open backend. It is safe for concurrent use by goroutines, and its backend by processes.
type Keychain struct {
	name    string
	backend Backend
	accept  func(Item) error // may be nil
	file    *fileBackend     // nil unless the backend is BackendFile
	system  SystemBackend    // nil if it is BackendFile
	source  Source           // may be nil
	mover   Mover            // may be nil
}

// Open opens one backend by name and never falls back to another. Errors: ErrUnknownBackend,
// ErrUnavailable, ErrTimeout, ErrInsecure, ErrLocked, and for the file store ErrNoStore, ErrNewerFormat,
// ErrDamaged.
func Open(opts Options) (*Keychain, error) {
	if opts.Backend == BackendFile {
		file, err := openFile(opts)
		if err != nil {
			return nil, err
		}
		return &Keychain{name: BackendFile, backend: file, accept: opts.Accept, file: file}, nil
	}
	if err := checkSystem(opts.Backend); err != nil {
		return nil, err
	}
	backend, err := system.Open(opts)
	if err != nil {
		return nil, err
	}
	k := Over(opts.Backend, backend)
	k.accept = opts.Accept
	return k, nil
}

// Over returns a keychain over an open backend. name is the backend's name in messages.
func Over(name string, backend SystemBackend) *Keychain {
	return &Keychain{name: name, backend: backend, system: backend}
}

// Backend returns the backend's name.
func (k *Keychain) Backend() string { return k.name }

// Get reads one item. Errors: ErrInvalidName, ErrNotFound, ErrLocked, ErrWrongPassphrase, ErrDamaged,
// ErrTimeout, ErrUnavailable, and for an item of a source ErrSource and *SourcedError.
func (k *Keychain) Get(ref Ref) (Item, error) {
	if err := check(ref); err != nil {
		return Item{}, err
	}
	if k.Sourced(ref) {
		return k.fromSource(ref)
	}
	data, err := k.backend.Get(ref)
	if err != nil {
		return Item{}, about(ref, err)
	}
	return decode(ref, data)
}

// Has reports whether an item is stored or provided by a source. It does not run the source, and the file
// store answers without unlocking.
func (k *Keychain) Has(ref Ref) (bool, error) {
	if err := check(ref); err != nil {
		return false, err
	}
	if k.Sourced(ref) {
		return true, nil
	}
	found, err := k.backend.Has(ref)
	return found, about(ref, err)
}

// Set stores an item and replaces one with the same Ref. An Updated that is zero, or more than a day ahead,
// is set to now. The file store need not be unlocked.
//
// On an error the former item is still stored, except that the new one may be if only syncing the directory
// failed. Errors: ErrTooLarge, ErrInvalidName, ErrTimeout, ErrUnavailable, ErrLocked, *RefusedError,
// *SourcedError, *MovedError.
func (k *Keychain) Set(item Item) error {
	item, err := k.accepted(item)
	if err != nil {
		return err
	}
	if err := k.remember(item); err != nil {
		return err
	}
	if err := k.write(item); err != nil {
		return err
	}
	_, err = k.follow(item.Ref, func(to *Keychain) error { return to.Set(item) })
	return err
}

// accepted checks an item and returns it as it is to be stored. Every new item passes through it.
func (k *Keychain) accepted(item Item) (Item, error) {
	if err := check(item.Ref); err != nil {
		return item, err
	}
	if k.Sourced(item.Ref) {
		return item, about(item.Ref, &SourcedError{Ref: item.Ref})
	}
	if k.accept != nil {
		if err := k.accept(item); err != nil {
			return item, &RefusedError{Ref: item.Ref, Err: err}
		}
	}
	now := time.Now().UTC().Truncate(time.Second)
	if item.Updated.IsZero() || item.Updated.After(now.Add(clockSkew)) {
		item.Updated = now
	}
	return item, nil
}

// write stores an item without checks.
func (k *Keychain) write(item Item) error {
	data, err := encode(item)
	if err != nil {
		return about(item.Ref, err)
	}
	return about(item.Ref, k.backend.Set(item.Ref, data))
}

// Remove removes a stored item. Errors: ErrNotFound if it is absent, *SourcedError if it only comes from a
// source, *MovedError.
func (k *Keychain) Remove(ref Ref) error {
	if err := check(ref); err != nil {
		return err
	}
	err := k.backend.Remove(ref)
	if err == nil || errors.Is(err, ErrNotFound) {
		if moved, err := k.follow(ref, func(to *Keychain) error { return to.Remove(ref) }); moved {
			return err
		}
	}
	if errors.Is(err, ErrNotFound) && k.Sourced(ref) {
		err = &SourcedError{Ref: ref}
	}
	return about(ref, err)
}

// List returns the items stored in a profile and those a source provides, sorted, without fingerprints. An
// empty profile means all profiles. Entries that are not ragenv's are omitted. The file store answers
// without unlocking.
func (k *Keychain) List(profile string) ([]Ref, error) {
	refs, err := k.ListAll(profile)
	if err != nil {
		return nil, err
	}
	return k.withSourced(slices.DeleteFunc(refs, func(ref Ref) bool { return ref.Kind == KindFingerprint }), profile), nil
}

// ListAll is List with fingerprints and without a source's items, for copying or removing everything
// stored.
func (k *Keychain) ListAll(profile string) ([]Ref, error) {
	all, err := k.backend.Refs()
	if err != nil {
		return nil, err
	}
	refs := all[:0]
	for _, ref := range all {
		if profile == "" || ref.Profile == profile {
			refs = append(refs, ref)
		}
	}
	sortRefs(refs)
	return refs, nil
}

// GetAll reads several items, in the order of refs. It omits items that have vanished and stops at any
// other error. Stored items are read before any source runs, so that a locked keychain is unlocked first.
func (k *Keychain) GetAll(refs []Ref) ([]Item, error) {
	if k.source == nil || !slices.ContainsFunc(refs, k.Sourced) {
		return k.getAll(refs)
	}
	items, err := k.getAll(slices.DeleteFunc(slices.Clone(refs), k.Sourced))
	if err != nil {
		return nil, err
	}
	for _, ref := range refs {
		if !k.Sourced(ref) {
			continue
		}
		item, err := k.Get(ref)
		if err != nil {
			return nil, err
		}
		items = append(items, item)
	}
	at := func(item Item) int { return slices.Index(refs, item.Ref) }
	slices.SortFunc(items, func(a, b Item) int { return cmp.Compare(at(a), at(b)) })
	return items, nil
}

func (k *Keychain) getAll(refs []Ref) ([]Item, error) {
	items, errs := k.GetEach(refs)
	found := items[:0]
	for i, err := range errs {
		switch {
		case err == nil:
			found = append(found, items[i])
		case !errors.Is(err, ErrNotFound):
			return nil, err
		}
	}
	return found, nil
}

// GetEach is Get for several items, with an error for each. The file store reads them in parallel. After an
// error other than ErrNotFound and ErrDamaged, items not yet read get the same error.
func (k *Keychain) GetEach(refs []Ref) ([]Item, []error) {
	items, errs := make([]Item, len(refs)), make([]error, len(refs))
	var failed atomic.Pointer[error]
	read := func(i int) {
		if err := failed.Load(); err != nil {
			errs[i] = *err
			return
		}
		items[i], errs[i] = k.Get(refs[i])
		if err := errs[i]; err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDamaged) {
			failed.Store(&err)
		}
	}
	var next atomic.Int64
	work := func() {
		for i := int(next.Add(1)) - 1; i < len(refs); i = int(next.Add(1)) - 1 {
			read(i)
		}
	}
	workers := 1
	if k.file != nil && len(refs) > 1 {
		workers = min(runtime.GOMAXPROCS(0), len(refs))
		if !k.file.store.Unlocked() { // the first read unlocks it, once for all
			read(0)
			next.Store(1)
		}
	}
	var wg sync.WaitGroup
	for range workers - 1 {
		wg.Go(work)
	}
	work()
	wg.Wait()
	return items, errs
}

// clockSkew is how far another machine's clock may be ahead of this one's. A later Updated cannot be right,
// and would win over every later write.
const clockSkew = 24 * time.Hour

func check(ref Ref) error {
	if ref.Name == "" {
		return fmt.Errorf("%w: it is empty", ErrInvalidName)
	}
	return ValidateProfile(ref.Profile)
}

// about prefixes an error with the item's name, if it has one.
func about(ref Ref, err error) error {
	if err == nil || ref.Name == "" {
		return err
	}
	return &itemError{ref.Name, err}
}

// itemError is an error with the item's name. A typed error, because fmt.Errorf allocates and the
// credential helper returns "not found" for most registries.
type itemError struct {
	name string
	err  error
}

func (e *itemError) Error() string { return e.name + ": " + e.err.Error() }

func (e *itemError) Unwrap() error { return e.err }
