package agestore

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
)

// The cache is the kernel's keyring, which every process with this user's number can read: in a container too, where neither
// a seccomp profile nor a user namespace keeps it from keyctl(2). So what is cached is encrypted with a random key that is in
// a file of the store, where only processes that see the user's files get at it. Neither half says anything without the
// other. Locking removes the file.

const (
	halfName = "unlock-key"
	halfSize = 32 // AES-256
)

// seal encrypts an identity for the cache, with the store's key for that, which it creates if there is none.
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

// unseal is the inverse of seal. Any error is a miss.
func (s *Store) unseal(sealed []byte) ([]byte, error) {
	sealer, err := s.sealer()
	if err != nil {
		return nil, err
	}
	return sealer.Open(nil, nil, sealed, []byte(s.ID()))
}

// errHalf: the file is not a whole key, such as one whose writer was killed.
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

// createHalf writes a new key. Of several processes at once one wins: what the others sealed is a miss, and asked for again.
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

// removeHalf makes whatever a cache still holds worthless.
func (s *Store) removeHalf() error {
	err := remove(s.opts.path(halfName))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}
