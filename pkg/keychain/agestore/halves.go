package agestore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
)

// The cache is the kernel keyring, which every process with this user's ID can read, even from a container
// if its seccomp profile and user namespace allow keyctl(2). So the cached identity is encrypted with a
// random key kept in the store's directory, which only processes that can see the user's files can read.
// Neither half is of use without the other. Locking removes the key file.

const (
	halfName = "unlock-key"
	halfSize = 32 // AES-256
)

// seal encrypts an identity for the cache with the store's unlock key, which it creates if necessary.
func (s *Store) seal(identity []byte) ([]byte, error) {
	sealer, err := s.sealer()
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, errHalf) {
		if err = s.createHalf(); err == nil {
			sealer, err = s.sealer()
		}
	}
	if err != nil {
		return nil, err
	}
	return sealer.Seal(nil, nil, identity, []byte(s.ID())), nil
}

// unseal is the inverse of seal. The caller treats any error as a cache miss.
func (s *Store) unseal(sealed []byte) ([]byte, error) {
	sealer, err := s.sealer()
	if err != nil {
		return nil, err
	}
	return sealer.Open(nil, nil, sealed, []byte(s.ID()))
}

// errHalf: the file is not a complete key, for example because its writer was killed.
var errHalf = errors.New("not a key")

func (s *Store) sealer() (cipher.AEAD, error) {
	key, err := readFile(s.opts.path(halfName), halfSize)
	if err != nil {
		return nil, err
	}
	if len(key) != halfSize {
		return nil, errHalf
	}
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCMWithRandomNonce(block)
}

// createHalf writes a new key. If several processes do so at once, one wins; what the others sealed becomes
// a miss, and its reader asks for the passphrase again.
func (s *Store) createHalf() error {
	path := s.opts.path(halfName)
	if err := remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	f, err := openNoFollow(path, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	key := make([]byte, halfSize)
	_, _ = rand.Read(key) // never fails
	_, err = f.Write(key)
	if closeErr := f.Close(); err == nil {
		err = closeErr
	}
	return err
}

// removeHalf deletes the key, which makes anything left in a cache useless.
func (s *Store) removeHalf() error {
	err := remove(s.opts.path(halfName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
