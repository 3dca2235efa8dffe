// Package kernelcache keeps one unlocked identity per store in the Linux kernel keyring for a limited time.
//
// The trust boundary is that of gpg-agent: every process of the same user, and root, can read what is kept;
// other users cannot. It stays in memory that is never swapped, and is gone after a reboot. The time limit
// is absolute: reading does not extend it. On other systems, and where the kernel or a seccomp profile
// forbids the calls (as Docker's default profile does), nothing is kept and every read is a miss.
package kernelcache

import (
	"errors"
	"strings"
	"time"
)

// The limits of the time for which an identity is kept.
const (
	minTTL = time.Second
	maxTTL = 24 * time.Hour
)

// The errors of this package. They also wrap the kernel's errno, if there is one.
var (
	// ErrMiss: nothing is kept under the ID, it has expired, or it cannot be read.
	ErrMiss = errors.New("no identity is cached")
	// ErrUnavailable: this machine or this process cannot keep an identity.
	ErrUnavailable = errors.New("cannot cache an identity")
	// ErrLimit: the time is not between minTTL and maxTTL.
	ErrLimit = errors.New("the time must be from 1s to 24h")
	// ErrInvalid: the ID or the secret is empty or too long, or the ID contains a NUL.
	ErrInvalid = errors.New("invalid cache entry")
)

const (
	// maxID limits the ID so that the key's description stays within the kernel's limit of one page.
	maxID = 1024
	// maxSecret leaves room in the 20,000 bytes of keys that an ordinary user may have.
	maxSecret = 4096
)

// Put keeps a copy of secret under id for ttl, in place of any former one. After an error the former one is
// still kept. Errors: ErrLimit, ErrInvalid, ErrUnavailable.
func Put(id string, secret []byte, ttl time.Duration) error {
	switch {
	case ttl < minTTL || ttl > maxTTL:
		return ErrLimit
	case !validID(id), len(secret) == 0, len(secret) > maxSecret:
		return ErrInvalid
	}
	return put(id, secret, ttl)
}

// Get returns the secret kept under id, in a buffer that the caller may clear. Error: ErrMiss.
func Get(id string) ([]byte, error) {
	if !validID(id) {
		return nil, ErrMiss
	}
	return get(id)
}

// Remove removes what is kept under id, for every process. It is not an error if nothing is, or if this
// kernel has no keyrings. Error: ErrUnavailable if the kernel refuses the calls, so that something may
// still be kept.
func Remove(id string) error {
	if !validID(id) {
		return nil
	}
	return remove(id)
}

func validID(id string) bool {
	return id != "" && len(id) <= maxID && !strings.Contains(id, "\x00")
}
