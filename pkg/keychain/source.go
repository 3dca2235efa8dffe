package keychain

import (
	"errors"
	"slices"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain/internal/kernelcache"
)

// Source provides values that are not stored, for example by running a command for each Get. A keychain
// with a source (WithSource) reads them like stored items. A Source must be safe for concurrent use.
type Source interface {
	// Refs returns the items it provides, of every profile, in any order.
	Refs() []Ref
	// Get returns one of these items. Its errors wrap ErrSource.
	Get(ref Ref) (Item, error)
}

// ErrSource: a source provided no value.
var ErrSource = errors.New("the command gave no key")

// SourcedError: an item cannot be read, written or removed because it comes from a source.
type SourcedError struct {
	Ref
	Both bool // it is also stored, so which value is meant is ambiguous
}

func (e *SourcedError) Error() string {
	if e.Both {
		return "it is stored and comes from a command, too, so which one counts is not clear"
	}
	return "it comes from a command, and is not stored"
}

// SourceOnly is the Backend name of a keychain that has only a source.
const SourceOnly = "command"

// OnlySource returns a keychain that has a source and stores nothing. Set returns ErrNoStore.
func OnlySource(source Source) *Keychain { return Over(SourceOnly, noBackend{}).WithSource(source) }

// WithSource returns a copy of the keychain that also reads from source. Getting an item that is also
// stored returns *SourcedError.
func (k *Keychain) WithSource(source Source) *Keychain {
	with := *k
	with.source = source
	return &with
}

// Stored returns the keychain without its source, for copying, listing or removing what is stored.
func (k *Keychain) Stored() *Keychain { return k.WithSource(nil) }

// Sourced reports whether an item comes from the source.
func (k *Keychain) Sourced(ref Ref) bool {
	return k.source != nil && ref.Kind == KindEnv && slices.Contains(k.source.Refs(), ref)
}

// fromSource reads an item from the source.
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

// withSourced adds the source's items to refs, those of one profile or, if profile is empty, all.
func (k *Keychain) withSourced(refs []Ref, profile string) []Ref {
	if k.source == nil {
		return refs
	}
	for _, ref := range k.source.Refs() {
		if (profile == "" || ref.Profile == profile) && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	sortRefs(refs)
	return refs
}

// noBackend is an empty backend.
type noBackend struct{}

func (noBackend) Get(Ref) ([]byte, error) { return nil, ErrNotFound }
func (noBackend) Has(Ref) (bool, error)   { return false, nil }
func (noBackend) Set(Ref, []byte) error   { return ErrNoStore }
func (noBackend) Remove(Ref) error        { return ErrNotFound }
func (noBackend) Refs() ([]Ref, error)    { return nil, nil }
func (noBackend) Unlocked() error         { return nil }
func (noBackend) Unlock() error           { return nil }

// KeepValue keeps a value in the kernel keyring, like an unlocked file store's identity: for processes of
// this user, from 1 second to 24 hours, never on disk. If the kernel cannot keep it, KeepValue does
// nothing.
func KeepValue(id string, value Secret, limit time.Duration) {
	_ = kernelcache.Put(id, []byte(value.Reveal()), limit)
}

// KeptValue returns the value kept under id, and false if there is none or it has expired.
func KeptValue(id string) (Secret, bool) {
	value, err := kernelcache.Get(id)
	return NewSecret(string(value)), err == nil
}

// ForgetValue removes a kept value for every process. Error: ErrStillUnlocked if the kernel does not allow
// it.
func ForgetValue(id string) error { return stillUnlocked(kernelcache.Remove(id)) }
