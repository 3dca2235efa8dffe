// Package tmpfscache keeps what a slow key derivation opened in a file in memory (tmpfs), for processes that have the same
// passphrase, where the kernel keyring is closed to them: Docker's default seccomp profile does that in containers.
//
// A file opens nothing by itself. It is encrypted under a key derived from the passphrase by a fast function, and bound to the
// encrypted identity that the passphrase opened: anyone who has no passphrase is still locked out, and a change of the passphrase
// ends it. What it spares is scrypt. The price is that somebody who reads the file and lacks the passphrase can try
// passphrases fast; its mode is 0600 in a directory of 0700, so that is the same user or root, who can read the file with the
// passphrase too. It is in memory: no disk, image, commit of a container or backup has it, and a reboot or the container's
// end removes it. Where tmpfs can be swapped out, what reaches the disk is encrypted. The time limit is absolute.
package tmpfscache

import (
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"time"

	"golang.org/x/crypto/chacha20poly1305"
)

// MaxTTL is the longest time for which something is kept.
const MaxTTL = 24 * time.Hour

// The errors of this package.
var (
	// ErrMiss: nothing is kept that this passphrase opens, or no longer.
	ErrMiss = errors.New("nothing is cached")
	// ErrUnavailable: there is no directory of this user's in memory.
	ErrUnavailable = errors.New("cannot cache on tmpfs")
)

const (
	// A file: a version, a salt, and the sealed payload: the deadline in nanoseconds of the clock (big endian), the secret.
	version      = 1
	saltSize     = 32
	deadlineSize = 8
	maxSize      = 8192

	info = "ragenv derived identity 1"
)

// Put keeps secret for ttl, in place of what was kept under id. sealed is what the passphrase opened. Errors: ErrUnavailable.
func Put(id string, sealed, passphrase, secret []byte, ttl time.Duration) error {
	now, err := bootTime()
	if err != nil {
		return err
	}
	file, err := seal(sealed, passphrase, secret, now+min(ttl, MaxTTL))
	if err != nil {
		return err
	}
	return write(fileName(id), file)
}

// Get returns what Put kept, if sealed and passphrase are those of then and the time is not over. The only error is ErrMiss.
func Get(id string, sealed, passphrase []byte) ([]byte, error) {
	file, err := read(fileName(id))
	if err != nil {
		return nil, ErrMiss
	}
	now, err := bootTime()
	if err != nil {
		return nil, ErrMiss
	}
	secret, err := open(file, sealed, passphrase, now)
	if errors.Is(err, errOver) {
		_ = remove(fileName(id))
	}
	if err != nil {
		return nil, ErrMiss
	}
	return secret, nil
}

// Remove forgets what is kept under id. It is no error when nothing is.
func Remove(id string) error { return remove(fileName(id)) }

var errOver = errors.New("the unlock has expired")

func seal(sealed, passphrase, secret []byte, deadline time.Duration) ([]byte, error) {
	file := make([]byte, 1+saltSize, maxSize)
	file[0] = version
	if _, err := rand.Read(file[1:]); err != nil {
		return nil, err
	}
	key, err := hkdf.Key(sha256.New, passphrase, file[1:], info, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	payload := binary.BigEndian.AppendUint64(make([]byte, 0, deadlineSize+len(secret)), uint64(deadline))
	payload = append(payload, secret...)
	defer clear(payload)
	// The key is used once: its salt is new.
	return aead.Seal(file, make([]byte, chacha20poly1305.NonceSize), payload, bound(sealed)), nil
}

func open(file, sealed, passphrase []byte, now time.Duration) ([]byte, error) {
	if len(file) < 1+saltSize || file[0] != version {
		return nil, ErrMiss
	}
	key, err := hkdf.Key(sha256.New, passphrase, file[1:1+saltSize], info, chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	payload, err := aead.Open(nil, make([]byte, chacha20poly1305.NonceSize), file[1+saltSize:], bound(sealed))
	if err != nil || len(payload) <= deadlineSize {
		return nil, ErrMiss
	}
	if left := time.Duration(binary.BigEndian.Uint64(payload)) - now; left <= 0 || left > MaxTTL {
		clear(payload)
		return nil, errOver
	}
	return payload[deadlineSize:], nil
}

func bound(sealed []byte) []byte {
	sum := sha256.Sum256(sealed)
	return sum[:]
}

func fileName(id string) string {
	sum := sha256.Sum256([]byte(id))
	return "ragenv-derived-" + hex.EncodeToString(sum[:16])
}
