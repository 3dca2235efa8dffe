package agestore

import (
	"errors"
	"time"

	"filippo.io/age"
)

// turnPatience is how long a process waits for others that derive: a stopped one must not block the rest.
const turnPatience = 2 * time.Minute

// derive opens the encrypted identity with a passphrase. scrypt takes 256 MiB and a second, and a container
// engine's client starts one helper per image. So one process derives while the others wait. They then use
// its cached result or, if nothing can be cached, take their turn.
func (s *Store) derive(sealed, passphrase []byte) (*age.X25519Identity, error) {
	if id := s.derived(sealed, passphrase); id != nil {
		return id, nil
	}
	unlock, found := s.turn(func() *age.X25519Identity {
		if id := s.cached(); id != nil {
			return id
		}
		return s.derived(sealed, passphrase)
	})
	defer unlock()
	if found != nil {
		return found, nil
	}
	id, err := s.decryptIdentity(sealed, passphrase)
	if err != nil {
		return nil, err
	}
	if err := s.remember(id); (err != nil || s.opts.Cache == nil) && s.opts.Derived != nil && s.opts.CacheFor > 0 {
		// On failure, the next process derives again.
		_ = s.opts.Derived.Put(s.ID(), sealed, passphrase, []byte(id.String()), s.opts.CacheFor)
	}
	return id, nil
}

// turn waits for this process's turn, or until look finds what another process cached. It always returns:
// without the lock if the file system has no locks, or after turnPatience.
func (s *Store) turn(look func() *age.X25519Identity) (unlock func(), found *age.X25519Identity) {
	unlock = func() {}
	f, err := openTurn(s.opts)
	if err != nil {
		return unlock, nil
	}
	unlock = func() { _ = f.Close() }
	for start, pause := time.Now(), 5*time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := tryLock(f)
		// Check after locking as well: the previous holder may have cached something.
		if id := look(); id != nil {
			return unlock, id
		}
		if !errors.Is(err, errLockHeld) || time.Since(start) > turnPatience {
			return unlock, nil
		}
		time.Sleep(pause)
	}
}

// cached returns the identity from Options.Cache, or nil.
func (s *Store) cached() *age.X25519Identity {
	if s.opts.Cache == nil {
		return nil
	}
	sealed, err := s.opts.Cache.Get(s.ID())
	if err != nil {
		return nil
	}
	data, err := s.unseal(sealed)
	if err != nil {
		return nil
	}
	id, _ := s.parseIdentity(data)
	return id
}

// derived returns the identity from Options.Derived, or nil if it has none for this passphrase.
func (s *Store) derived(sealed, passphrase []byte) *age.X25519Identity {
	if s.opts.Derived == nil || s.opts.CacheFor <= 0 {
		return nil
	}
	data, err := s.opts.Derived.Get(s.ID(), sealed, passphrase)
	if err != nil {
		return nil
	}
	id, _ := s.parseIdentity(data)
	return id
}
