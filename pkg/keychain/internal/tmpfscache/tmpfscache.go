// Package tmpfscache caches the result of a slow key derivation in a tmpfs file, for processes that have
// the passphrase but no access to the kernel keyring, as under Docker's default seccomp profile.
//
// The file alone opens nothing. It is encrypted with a key derived from the passphrase by a fast function,
// and bound to the encrypted identity that the passphrase opened. So a process without the passphrase is
// still locked out, and a change of the passphrase invalidates the file. It saves the cost of scrypt.
//
// The price: anyone who can read the file can guess passphrases fast. Its mode is 0600 in a directory of
// mode 0700, so only the same user and root can, and they can also read the file with the passphrase. It is
// in memory: it is on no disk and in no image, container commit or backup, and a reboot or the end of the
// container removes it. If tmpfs is swapped out, the disk gets encrypted data. The time limit is absolute.
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

// maxTTL is the longest time that a secret is kept.
const maxTTL = 24 * time.Hour

// The errors of this package.
var (
	// ErrMiss: nothing is kept that this passphrase opens, or it has expired.
	ErrMiss = errors.New("nothing is cached")
	// ErrUnavailable: this user has no directory in memory, or it cannot be written.
	ErrUnavailable = errors.New("cannot cache on tmpfs")
)

const (
	// A file is a version, a salt, and the sealed payload: the deadline in nanoseconds of the clock (big
	// endian) and the secret.
	version      = 1
	saltSize     = 32
	deadlineSize = 8
	maxSize      = 8192

	info = "ragenv derived identity 1"
)

// Put keeps secret for ttl, at most maxTTL, in place of what was kept under id. sealed is the encrypted
// data that the passphrase opened. Errors: ErrUnavailable, and the clock's.
func Put(id string, sealed, passphrase, secret []byte, ttl time.Duration) error {
	now, err := bootTime()
	if err != nil {
		return err
	}
	file, err := seal(sealed, passphrase, secret, now+min(ttl, maxTTL))
	if err != nil {
		return err
	}
	return write(fileName(id), file)
}

// Get returns the secret kept under id if sealed and passphrase match those given to Put and it has not
// expired. Error: ErrMiss.
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

// Remove removes what is kept under id. It is not an error if nothing is.
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
	if left := time.Duration(binary.BigEndian.Uint64(payload)) - now; left <= 0 || left > maxTTL {
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
