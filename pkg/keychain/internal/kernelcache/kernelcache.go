// Package kernelcache keeps one unlocked identity per store in the Linux kernel's keyring, for a limited time.
//
// The trust boundary is gpg-agent's: every process of the same user, and root, can read what is kept; another user
// cannot. It is kept in memory that is never swapped, and is gone after a reboot. The limit is absolute: reading does not
// lengthen it. On other systems, and where the kernel or a seccomp profile forbids the calls (Docker's default profile
// does), nothing is kept and every read is a miss.
package kernelcache

import (
	"errors"
	"strings"
	"time"
)

// The limits within which an identity may be kept.
const (
	MinTTL = time.Second
	MaxTTL = 24 * time.Hour
)

// The errors of this package. Where the kernel gave a reason it is wrapped too, so that errors.Is finds the errno.
var (
	// ErrMiss: nothing is kept under that id, or no longer, or it cannot be read.
	ErrMiss = errors.New("no identity is cached")
	// ErrUnavailable: this machine, or this process, cannot keep an identity.
	ErrUnavailable = errors.New("cannot cache an identity")
	// ErrLimit: the time is outside MinTTL to MaxTTL.
	ErrLimit = errors.New("the time must be from 1s to 24h")
	// ErrInvalid: the id or the secret is one the kernel cannot keep: empty, too long, or an id that holds a NUL.
	ErrInvalid = errors.New("invalid cache entry")
)

const (
	// maxID keeps the key's description within the page that the kernel allows.
	maxID = 1024
	// maxSecret leaves room in the 20,000 bytes of keys that an ordinary user may have.
	maxSecret = 4096
)

// Put keeps secret under id for ttl, in place of what was kept under it. It copies the secret. Errors: ErrLimit,
// ErrInvalid, ErrUnavailable; after an error what was kept before is still kept.
func Put(id string, secret []byte, ttl time.Duration) error {
	switch {
	case ttl < MinTTL || ttl > MaxTTL:
		return ErrLimit
	case !validID(id), len(secret) == 0, len(secret) > maxSecret:
		return ErrInvalid
	}
	return put(id, secret, ttl)
}

// Get returns what Put kept under id, in a buffer the caller may clear. The only error is ErrMiss.
func Get(id string) ([]byte, error) {
	if !validID(id) {
		return nil, ErrMiss
	}
	return get(id)
}

// Remove forgets what is kept under id, for every process. It is no error when nothing is, or when this kernel keeps
// nothing. Error: ErrUnavailable when the kernel refuses the calls, so that something may still be kept.
func Remove(id string) error {
	if !validID(id) {
		return nil
	}
	return remove(id)
}

func validID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.Contains(id, "\x00")
}
