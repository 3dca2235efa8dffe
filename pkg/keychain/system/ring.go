package system

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// ring adapts a client to keychain.SystemBackend, with time limits, typed errors and
// ragenv's names.
type ring struct {
	backend
	client      func() (client, error) // opens the keychain on first use
	guard       guard
	interactive bool
	limit       time.Duration // for a call that needs no user
	promptLimit time.Duration // for a call that may prompt
}

// guard holds what a backend needs in addition to the library. Each field is optional.
type guard struct {
	// read returns an entry's JSON as the library writes it, with fewer round trips or processes and
	// without prompting. Its errors go through failed. keychain.ErrNotFound means that there is no such
	// entry.
	read func(name string) ([]byte, error)
	// exists reports whether an entry is stored, without unlocking.
	exists func(name string) (bool, error)
	// finds is true if reading an absent entry returns keychain.ErrNotFound even while locked, so exists is
	// not needed.
	finds bool
	// probe tries what cannot be queried, for Probe.
	probe func() error
	// locked reports whether reading would prompt the user.
	locked func() (bool, error)
	// writable returns why nothing can be stored although reading works, for Probe.
	writable func() error
	// usable returns why the library must not be called.
	usable func() error
	// failed turns the library's error into a typed one.
	failed func(err error) error
	// prepare runs in the goroutine of each call, before it.
	prepare func() error
	// settling reports whether the entry may be half written, so that a failed read is worth retrying.
	settling func(name string) bool
	// verify is true if Set must read the entry back, because the library does not notice a refusal.
	verify bool
	// abandon ends processes that the library left running after a timeout.
	abandon func()
}

// find checks that a backend is usable and returns its ring, not yet open.
func find(opts keychain.Options) (*ring, error) {
	i := slices.IndexFunc(backends, func(b backend) bool { return b.name == opts.Backend })
	if i < 0 {
		return nil, fmt.Errorf("%w %.40q", keychain.ErrUnknownBackend, opts.Backend)
	}
	b := backends[i]
	if b.name != keychain.BackendKeyctl { // keyctl reads no files
		if err := checkHome(); err != nil {
			return nil, err
		}
	}
	r := &ring{
		backend: b, interactive: opts.Interactive,
		limit: answerLimit, promptLimit: promptLimit,
	}
	if b.own != nil {
		var own client
		own, r.guard = b.own(opts)
		r.client = func() (client, error) { return own, nil }
	} else {
		r.guard = newGuard(b.name, opts)
	}
	if r.guard.usable != nil {
		if err := r.call(r.limit, r.guard.usable); err != nil {
			return nil, err
		}
	}
	if b.own == nil && !libraryHas(b.name) {
		return nil, r.unavailable(b.missing)
	}
	return r, nil
}

func (r *ring) open(opts keychain.Options) {
	if r.own == nil {
		r.client = sync.OnceValues(func() (client, error) { return openLibrary(r.name, opts) })
	}
}

func (r *ring) unavailable(reason string) error { return unavailable(r.name, reason) }

func unavailable(backend, reason string) error {
	return fmt.Errorf("the %s backend is %w: %s", backend, keychain.ErrUnavailable, reason)
}

// Unlocked implements keychain.SystemBackend. It runs probe if the lock state cannot be queried.
func (r *ring) Unlocked() error {
	if r.guard.probe != nil && !r.interactive {
		return r.call(r.limit, r.guard.probe)
	}
	return r.unlocked()
}

// unlocked is Unlocked without the probe, because the call that follows finds out.
func (r *ring) unlocked() error {
	if r.interactive || r.guard.locked == nil {
		return nil
	}
	return r.call(r.limit, func() error {
		locked, err := r.guard.locked()
		if err == nil && locked {
			err = keychain.ErrLocked
		}
		return err
	})
}

func (r *ring) usable() error {
	if err := r.Unlocked(); err != nil {
		return err
	}
	return r.call(r.limit, func() error {
		c, err := r.client()
		if err != nil {
			return err
		}
		if _, err = c.Keys(); err == nil && r.guard.writable != nil {
			err = r.guard.writable()
		}
		return err
	})
}

// Unlock makes the backend prompt the user by reading an item.
func (r *ring) Unlock() error {
	refs, err := r.Refs()
	if err != nil || len(refs) == 0 {
		return err
	}
	_, err = r.Get(refs[0])
	return err
}

func (r *ring) Get(ref keychain.Ref) ([]byte, error) {
	name := r.names.format(ref)
	read := func() (entry, error) {
		c, err := r.client()
		if err != nil {
			return entry{}, err
		}
		return c.Get(name)
	}
	if r.guard.read != nil && !r.interactive {
		read = func() (item entry, err error) {
			data, err := r.guard.read(name)
			if err == nil {
				err = json.Unmarshal(data, &item) // the library's format
			}
			return item, err
		}
	} else {
		if !r.guard.finds {
			if found, err := r.exists(name); err != nil || !found {
				return nil, errors.Join(err, absent(found))
			}
		}
		if err := r.unlocked(); err != nil {
			return nil, err
		}
	}
	item, err := ask(r, r.patience(), read)
	for pause := settlePause; err != nil && pause < settleLimit && r.settling(name, err); pause *= 2 {
		time.Sleep(pause)
		item, err = ask(r, r.patience(), read)
	}
	return item.Data, err
}

// settling reports whether a read may have failed because another process is writing the entry.
func (r *ring) settling(name string, err error) bool {
	return r.guard.settling != nil && !errors.Is(err, keychain.ErrTimeout) && r.guard.settling(name)
}

// How long to wait for an entry that is being written: the first pause, which then doubles up to the limit.
const (
	settlePause = 50 * time.Millisecond
	settleLimit = time.Second
)

func absent(found bool) error {
	if found {
		return nil
	}
	return keychain.ErrNotFound
}

// exists returns true if the backend cannot answer without reading.
func (r *ring) exists(name string) (bool, error) {
	if r.guard.exists == nil {
		return true, nil
	}
	return ask(r, r.limit, func() (bool, error) { return r.guard.exists(name) })
}

func (r *ring) Has(ref keychain.Ref) (bool, error) {
	if r.guard.exists != nil {
		return r.exists(r.names.format(ref))
	}
	_, err := r.Get(ref)
	if errors.Is(err, keychain.ErrNotFound) {
		return false, nil
	}
	return err == nil, err
}

func (r *ring) Set(ref keychain.Ref, data []byte) error {
	if r.maxData > 0 && len(data) > r.maxData {
		return fmt.Errorf("%w: the %s backend holds at most %d bytes, this item has %d", keychain.ErrTooLarge, r.name, r.maxData, len(data))
	}
	if err := r.unlocked(); err != nil {
		return err
	}
	err := r.call(r.patience(), func() error {
		c, err := r.client()
		if err != nil {
			return err
		}
		return c.Set(entry{
			Key: r.names.format(ref), Data: data, Label: ref.Label(), Description: "ragenv key",
			KeychainNotSynchronizable: true,
		})
	})
	if err != nil || !r.guard.verify {
		return err
	}
	if _, err = r.Get(ref); errors.Is(err, keychain.ErrNotFound) {
		return r.unavailable("it did not keep what was stored; was this program denied access?")
	}
	return err
}

func (r *ring) Remove(ref keychain.Ref) error {
	// Some backends return nil for an absent item.
	if found, err := r.Has(ref); err != nil || !found {
		return errors.Join(err, absent(found))
	}
	if err := r.unlocked(); err != nil {
		return err
	}
	return r.call(r.patience(), func() error {
		c, err := r.client()
		if err != nil {
			return err
		}
		return c.Remove(r.names.format(ref))
	})
}

func (r *ring) Refs() ([]keychain.Ref, error) {
	if err := r.unlocked(); err != nil {
		return nil, err
	}
	names, err := ask(r, r.patience(), func() ([]string, error) {
		c, err := r.client()
		if err != nil {
			return nil, err
		}
		return c.Keys()
	})
	if err != nil {
		return nil, err
	}
	refs := make([]keychain.Ref, 0, len(names))
	for _, name := range names {
		if ref, ok := r.names.parse(name); ok {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}
