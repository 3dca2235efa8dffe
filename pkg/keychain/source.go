package keychain

import (
	"cmp"
	"errors"
	"slices"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain/internal/kernelcache"
)

// Source gives values that are not stored: it gets each one when it is asked for, as by running a command. A keychain that has
// one (WithSource) reads its items like stored ones. It is safe for use by several goroutines.
type Source interface {
	// Refs returns the items that it gives, of every profile, in any order.
	Refs() []Ref
	// Get returns one of them. Its errors wrap ErrSource.
	Get(ref Ref) (Item, error)
}

// ErrSource: a source gave no value.
var ErrSource = errors.New("no key came from its command")

// SourcedError says what a source has to do with an item that cannot be read, written or removed.
type SourcedError struct {
	Ref
	Both bool // it is stored as well: neither counts before the other
}

func (e *SourcedError) Error() string {
	if e.Both {
		return "it is stored and comes from a command, too, so which one counts is not clear"
	}
	return "it comes from a command, and is not stored"
}

// SourceOnly is the Backend name of a keychain that only has a source.
const SourceOnly = "command"

// OnlySource returns a keychain of what a source gives, where nothing was ever stored. Writing to it is ErrNoStore.
func OnlySource(source Source) *Keychain { return Over(SourceOnly, noBackend{}).WithSource(source) }

// WithSource returns the same keychain, which also reads what a source gives. An item that is stored as well is a *SourcedError.
func (k *Keychain) WithSource(source Source) *Keychain {
	with := *k
	with.source = source
	return &with
}

// Stored returns the same keychain without its source: for what copies, lists or removes what is stored.
func (k *Keychain) Stored() *Keychain { return k.WithSource(nil) }

// Sourced reports whether an item comes from the source.
func (k *Keychain) Sourced(ref Ref) bool {
	return k.source != nil && ref.Kind == KindEnv && slices.Contains(k.source.Refs(), ref)
}

// fromSource reads an item that the source gives.
func (k *Keychain) fromSource(ref Ref) (Item, error) {
	stored, err := k.backend.Has(ref)
	if err != nil {
		return Item{}, about(ref, err)
	}
	if stored {
		return Item{}, about(ref, &SourcedError{ref, true})
	}
	item, err := k.source.Get(ref)
	return item, about(ref, err)
}

// withSourced adds what the source gives to the stored items of a profile, or of all.
func (k *Keychain) withSourced(refs []Ref, profile string) []Ref {
	if k.source == nil {
		return refs
	}
	for _, ref := range k.source.Refs() {
		if (profile == "" || ref.Profile == profile) && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	slices.SortFunc(refs, func(a, b Ref) int { return cmp.Compare(a.Key(), b.Key()) })
	return refs
}

// noBackend is a backend in which nothing is stored.
type noBackend struct{}

func (noBackend) Get(Ref) ([]byte, error) { return nil, ErrNotFound }
func (noBackend) Has(Ref) (bool, error)   { return false, nil }
func (noBackend) Set(Ref, []byte) error   { return ErrNoStore }
func (noBackend) Remove(Ref) error        { return ErrNotFound }
func (noBackend) Refs() ([]Ref, error)    { return nil, nil }
func (noBackend) Unlocked() error         { return nil }
func (noBackend) Unlock() error           { return nil }

// KeepValue keeps a value in the kernel's keyring, as an unlocked file store's identity is kept: for this user's processes, at
// most 24 hours, never on a disk. Where the kernel keeps nothing it does nothing.
func KeepValue(id string, value Secret, limit time.Duration) {
	_ = kernelcache.Put(id, []byte(value.Reveal()), limit)
}

// KeptValue returns what KeepValue kept, if it still does.
func KeptValue(id string) (Secret, bool) {
	value, err := kernelcache.Get(id)
	return NewSecret(string(value)), err == nil
}

// ForgetValue ends what KeepValue began, in every process. Error: ErrStillUnlocked where the kernel does not let this process.
func ForgetValue(id string) error { return stillUnlocked(kernelcache.Remove(id)) }
