// Package keychain stores a user's keys in one named backend: an operating system's keychain, or the embedded file
// store. Items live in profiles; the same item serves Docker's credential helper and the environment of commands.
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

// Options say which backend to open, and how.
type Options struct {
	// Backend is a name that Backends returns.
	Backend string
	// Dir is the file store's directory.
	Dir string
	// Passphrase returns the file store's passphrase, or an error that wraps ErrLocked when there is none to be had. Nil has
	// none.
	Passphrase func() ([]byte, error)
	// CacheFor is how long a file store that was unlocked with a passphrase stays unlocked for other processes of the same
	// user; zero is not at all.
	CacheFor time.Duration
	// Warn is told what is odd but harmless, one line without a full stop. It may be nil.
	Warn func(message string)
	// Interactive lets another program's backend ask the user: a prompter on the desktop, gpg's pinentry. Without it what is
	// locked fails at once.
	Interactive bool
	// AnswerLimit is how long such a backend may take for what needs no person; zero is a few seconds.
	AnswerLimit time.Duration
	// PromptLimit is how long it may take with Interactive; zero is a minute.
	PromptLimit time.Duration
	// Collection is the Secret Service collection; empty is DefaultCollection.
	Collection string
	// Namespace is what our entries are called in a backend that others use too; empty is "ragenv". Tests have their own.
	Namespace string
	// Accept says why an item is not to be stored, nil if it may be. It is asked for every item, whatever brings it. Nil takes
	// all.
	Accept func(Item) error
}

// Keychain is an open backend. It is safe for use by several goroutines, and its backend by several processes.
type Keychain struct {
	name    string
	backend Backend
	accept  func(Item) error // may be nil
	file    *fileBackend     // nil unless the backend is BackendFile
	system  SystemBackend    // nil if it is
	source  Source           // may be nil
}

// Open opens one backend by name. It never falls back to another. Errors: ErrUnknownBackend, ErrUnavailable, and for the
// file store ErrNoStore, ErrInsecure, ErrNewerFormat, ErrDamaged.
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

// Over returns a keychain over a backend that is open, under the name it has in messages.
func Over(name string, backend SystemBackend) *Keychain {
	return &Keychain{name: name, backend: backend, system: backend}
}

// Backend returns the backend's name.
func (k *Keychain) Backend() string { return k.name }

// Get reads one item. Errors: ErrNotFound, ErrLocked, ErrWrongPassphrase, ErrDamaged, ErrTimeout, ErrUnavailable, and for what
// a source gives ErrSource and *SourcedError.
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

// Has reports whether an item is stored, or comes from a source, which is not run for it. The file store answers without
// unlocking.
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

// Set stores an item, in place of a former one of the same Ref. An Updated that is zero, or more than a day ahead, is set to now. The file store is not
// unlocked for it. On an error the former item is still there; the next one may be if only the directory could not be brought to
// the disk. Errors: ErrTooLarge, ErrInvalidName, ErrTimeout,
// ErrUnavailable, ErrLocked, *SourcedError.
func (k *Keychain) Set(item Item) error {
	item, err := k.accepted(item)
	if err != nil {
		return err
	}
	if err := k.remember(item); err != nil {
		return err
	}
	return k.write(item)
}

// accepted returns an item as it may be stored: whatever brings one, it goes through here.
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

// write stores an item as it is.
func (k *Keychain) write(item Item) error {
	data, err := encode(item)
	if err != nil {
		return about(item.Ref, err)
	}
	return about(item.Ref, k.backend.Set(item.Ref, data))
}

// Remove removes a stored item. Removing an absent one is ErrNotFound, or *SourcedError if it comes from a source.
func (k *Keychain) Remove(ref Ref) error {
	if err := check(ref); err != nil {
		return err
	}
	err := k.backend.Remove(ref)
	if errors.Is(err, ErrNotFound) && k.Sourced(ref) {
		err = &SourcedError{Ref: ref}
	}
	return about(ref, err)
}

// List returns what is stored in a profile, or in all of them if profile is empty, and what a source gives, sorted; fingerprints
// are not listed. The file store answers without unlocking. What is not ours is not listed.
func (k *Keychain) List(profile string) ([]Ref, error) {
	refs, err := k.ListAll(profile)
	if err != nil {
		return nil, err
	}
	return k.withSourced(slices.DeleteFunc(refs, func(ref Ref) bool { return ref.Kind == KindFingerprint }), profile), nil
}

// ListAll is List with the fingerprints and without a source's items, for what copies or removes everything that is stored.
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
	slices.SortFunc(refs, func(a, b Ref) int { return cmp.Compare(a.Key(), b.Key()) })
	return refs, nil
}

// GetAll reads several items at once, in the order of refs. An item that vanished meanwhile is omitted; any other error
// ends it. No source is asked before what is stored was read: a locked keychain is unlocked first.
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

// GetEach is Get for several items, with an error for each: those of the file store are read on all processors. Once an item cannot
// be read for another reason than its own (ErrNotFound, ErrDamaged), items that were not read yet have that error, too.
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
	workers := 1
	if k.file != nil {
		workers = min(runtime.GOMAXPROCS(0), max(len(refs)-1, 1))
	}
	work := func(w int) {
		for i := 1 + w; i < len(refs); i += workers {
			read(i)
		}
	}
	if len(refs) > 0 {
		read(0) // alone, since it may be what unlocks the store
	}
	var wg sync.WaitGroup
	for w := 1; w < workers; w++ {
		wg.Go(func() { work(w) })
	}
	work(0)
	wg.Wait()
	return items, errs
}

// clockSkew is how far ahead of this machine's clock another one's may be. A time beyond that is not when an item was
// written, and it would win over each later one.
const clockSkew = 24 * time.Hour

func check(ref Ref) error {
	if ref.Name == "" {
		return fmt.Errorf("%w: it is empty", ErrInvalidName)
	}
	return ValidateProfile(ref.Profile)
}

// about puts the item's name in front of an error.
func about(ref Ref, err error) error {
	if err == nil {
		return nil
	}
	return &itemError{ref.Name, err}
}

// itemError is an error with the name of the item that it is about. It is no fmt.Errorf, as that a registry has no item is what the helper
// answers most.
type itemError struct {
	name string
	err  error
}

func (e *itemError) Error() string { return e.name + ": " + e.err.Error() }

func (e *itemError) Unwrap() error { return e.err }
