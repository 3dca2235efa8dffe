package agestore

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"slices"

	"filippo.io/age"
)

// Protected reports whether the identity is encrypted with a passphrase.
func (s *Store) Protected() (bool, error) {
	data, err := s.readIdentity()
	return isEncrypted(data), err
}

// Unlock opens the identity with a passphrase and caches it if Options.CacheFor is set. A store without a
// passphrase ignores the argument. Errors: ErrWrongPassphrase, ErrDamaged, and the cache's own error
// unchanged.
func (s *Store) Unlock(passphrase []byte) error {
	id, err := s.open(passphrase)
	if err != nil {
		return err
	}
	s.mu.Lock()
	s.id = id
	s.mu.Unlock()
	return s.remember(id)
}

// Unlocked reports whether reading needs no passphrase now, because there is none or the identity is
// cached.
func (s *Store) Unlocked() bool {
	_, err := s.identityFrom(nil)
	return err == nil
}

// Lock removes the cached identity. Locking a locked store is not an error. The cache's own errors are
// returned unchanged.
func (s *Store) Lock() error {
	s.mu.Lock()
	s.id = nil
	s.mu.Unlock()
	var errs []error
	if s.opts.Derived != nil {
		errs = append(errs, s.opts.Derived.Remove(s.ID()))
	}
	if s.opts.Cache != nil {
		errs = append(errs, s.opts.Cache.Remove(s.ID()), s.removeHalf())
	}
	return errors.Join(errs...)
}

// ChangePassphrase encrypts the identity with another passphrase, or stores it in plain text if next is
// empty, in one atomic write. Then it removes the cached identity. Errors: ErrWrongPassphrase, ErrDamaged,
// ErrTimeout, ErrNoLocks, ErrReplaced, and those of Lock.
func (s *Store) ChangePassphrase(current, next []byte) error {
	err := s.locked(func() error {
		// Read under the lock: another process may have just changed it.
		id, err := s.open(current)
		if err != nil {
			return err
		}
		m, err := readManifest(s.opts)
		if err != nil {
			return err
		}
		sealed, err := sealIdentity(id, next, m.WorkFactor)
		if err != nil {
			return err
		}
		former, err := s.readIdentity()
		if err != nil {
			return err
		}
		// Record both sums while the identity is replaced, so that a crash in between is not reported as
		// damage.
		m.IdentitySums = []string{sum(former), sum(sealed)}
		if err := writeManifest(s.opts, m); err != nil {
			return err
		}
		if err := writeFile(s.opts.Dir, identityName, sealed); err != nil {
			return err
		}
		m.IdentitySums = m.IdentitySums[1:]
		return writeManifest(s.opts, m)
	})
	if err != nil {
		return err
	}
	return s.Lock()
}

// identity returns the identity from the first of: this process, the plain file, the cache, a passphrase.
func (s *Store) identity() (*age.X25519Identity, error) { return s.identityFrom(s.opts.Passphrase) }

func (s *Store) identityFrom(ask func() ([]byte, error)) (*age.X25519Identity, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.id != nil {
		return s.id, nil
	}
	data, err := s.readIdentity()
	if err != nil {
		return nil, err
	}
	if !isEncrypted(data) {
		s.id, err = s.parseIdentity(data)
		return s.id, err
	}
	if id := s.cached(); id != nil {
		s.id = id
		return id, nil
	}
	if ask == nil {
		return nil, ErrLocked
	}
	passphrase, err := ask()
	if err != nil {
		return nil, err
	}
	s.id, err = s.derive(data, passphrase)
	return s.id, err
}

func (s *Store) remember(id *age.X25519Identity) error {
	if s.opts.Cache == nil || s.opts.CacheFor <= 0 {
		return nil
	}
	if protected, err := s.Protected(); err != nil || !protected {
		return err // nothing to cache
	}
	sealed, err := s.seal([]byte(id.String()))
	if err != nil {
		return err
	}
	return s.opts.Cache.Put(s.ID(), sealed, s.opts.CacheFor)
}

// open reads the identity with a passphrase, bypassing the cache.
func (s *Store) open(passphrase []byte) (*age.X25519Identity, error) {
	data, err := s.readIdentity()
	if err != nil {
		return nil, err
	}
	if isEncrypted(data) {
		return s.decryptIdentity(data, passphrase)
	}
	return s.parseIdentity(data)
}

func (s *Store) readIdentity() ([]byte, error) {
	path := s.opts.path(identityName)
	data, err := readFile(path, 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%w: %s is missing", ErrDamaged, path)
	}
	return data, err
}

func (s *Store) decryptIdentity(data, passphrase []byte) (*age.X25519Identity, error) {
	if len(passphrase) == 0 {
		return nil, fmt.Errorf("%w: it is empty", ErrWrongPassphrase)
	}
	path := s.opts.path(identityName)
	scrypt, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, err
	}
	scrypt.SetMaxWorkFactor(MaxWorkFactor)
	plain, err := decrypt(data, scrypt)
	if errors.Is(err, errNoMatch) {
		// scrypt cannot distinguish a wrong passphrase from a changed file; the sum in store.json can.
		if m, err := readManifest(s.opts); err == nil && !slices.Contains(m.IdentitySums, sum(data)) {
			return nil, fmt.Errorf("%w: %s is not what was written", ErrDamaged, path)
		}
		return nil, ErrWrongPassphrase
	}
	if err != nil {
		return nil, fmt.Errorf("%w: %s: %w", ErrDamaged, path, err)
	}
	return s.parseIdentity(plain)
}

// parseIdentity reads an age identity file, which must contain the store's identity. Its errors never quote
// the data.
func (s *Store) parseIdentity(data []byte) (*age.X25519Identity, error) {
	ids, err := age.ParseIdentities(bytes.NewReader(data))
	if err != nil {
		return nil, fmt.Errorf("%w: %s is not an age identity", ErrDamaged, s.opts.path(identityName))
	}
	for _, one := range ids {
		if id, ok := one.(*age.X25519Identity); ok && id.Recipient().String() == s.ID() {
			return id, nil
		}
	}
	return nil, fmt.Errorf("%w: %s belongs to another store", ErrDamaged, s.opts.path(identityName))
}

// WorkFactor returns the scrypt work factor (log2 of N) of the store's passphrases: see Protection. Errors:
// those of Open.
func (s *Store) WorkFactor() (int, error) {
	m, err := readManifest(s.opts)
	if err != nil || m.WorkFactor == 0 {
		return DefaultWorkFactor, err
	}
	return m.WorkFactor, nil
}

// sealIdentity returns the content of the identity file. A workFactor of zero means DefaultWorkFactor.
func sealIdentity(id *age.X25519Identity, passphrase []byte, workFactor int) ([]byte, error) {
	plain := fmt.Appendf(nil, "# public key: %s\n%s\n", id.Recipient(), id)
	if len(passphrase) == 0 {
		return plain, nil
	}
	recipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return nil, err
	}
	if workFactor == 0 {
		workFactor = DefaultWorkFactor
	}
	recipient.SetWorkFactor(workFactor)
	return encrypt(plain, recipient)
}
