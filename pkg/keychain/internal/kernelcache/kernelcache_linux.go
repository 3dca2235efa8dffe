package kernelcache

import (
	"encoding/binary"
	"errors"
	"fmt"
	"os"
	"runtime"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/pkg/keychain/internal/boottime"
)

const (
	keyType           = "user"
	descriptionPrefix = "ragenv:identity:"

	// permissions gives the possessor everything and the same user view, read and search. A session that
	// does not link the user keyring (systemd services, some login managers) possesses nothing and reads
	// with the user's permissions.
	permissions = 0x3f0b0000

	// The payload is a version, the deadline in nanoseconds of CLOCK_BOOTTIME (big endian), and the secret.
	// The kernel's own timeout uses the wall clock, which can be set back. CLOCK_BOOTTIME cannot, and it
	// runs while the machine sleeps. Both limits apply. Neither the clock nor the key survives a reboot.
	payloadVersion = 1
	headerSize     = 1 + 8
)

// kernel is the part of the kernel that this package uses: keyctl(2), add_key(2) and clock_gettime(2).
type kernel interface {
	addKey(description string, payload []byte, ring int) (key int, err error)
	search(ring int, description string) (key int, err error)
	read(key int, buf []byte) (size int, err error)
	setTimeout(key, seconds int) error
	setPermissions(key int, perm uint32) error
	link(key, ring int) error
	unlink(key, ring int) error
	invalidate(key int) error
	bootTime() (time.Duration, error)
	hasKeyrings() bool
}

var system = cache{syscalls{}}

func put(id string, secret []byte, ttl time.Duration) error { return system.put(id, secret, ttl) }

func get(id string) ([]byte, error) { return system.get(id) }

func remove(id string) error { return system.remove(id) }

type cache struct{ kernel }

// put creates the key in the process keyring, which is private and ends with the process, and links it to
// the user keyring once its timeout and permissions are set. The link atomically replaces a key of the same
// description.
func (c cache) put(id string, secret []byte, ttl time.Duration) (err error) {
	now, err := c.bootTime()
	if err != nil {
		return unavailable("reading the clock", err)
	}
	payload := make([]byte, headerSize+len(secret))
	defer clear(payload)
	payload[0] = payloadVersion
	binary.BigEndian.PutUint64(payload[1:], uint64(now+ttl))
	copy(payload[headerSize:], secret)

	// A process keyring belongs to the thread's credentials, and Go moves goroutines between threads.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()

	key, err := c.addKey(descriptionPrefix+id, payload, unix.KEY_SPEC_PROCESS_KEYRING)
	if err != nil {
		return unavailable("adding a key", err)
	}
	defer func() { _ = c.unlink(key, unix.KEY_SPEC_PROCESS_KEYRING) }()
	if err := c.setTimeout(key, int((ttl+time.Second-1)/time.Second)); err != nil {
		return unavailable("limiting a key", err)
	}
	if err := c.setPermissions(key, permissions); err != nil {
		return unavailable("setting a key's permissions", err)
	}
	if err := c.link(key, unix.KEY_SPEC_USER_KEYRING); err != nil {
		return unavailable("linking a key", err)
	}
	return nil
}

func (c cache) get(id string) ([]byte, error) {
	buf := make([]byte, headerSize+maxSecret)
	size, err := c.find(id, buf)
	if err != nil || size <= headerSize || size > len(buf) || buf[0] != payloadVersion {
		clear(buf)
		return nil, miss(err)
	}
	now, err := c.bootTime()
	left := time.Duration(binary.BigEndian.Uint64(buf[1:])) - now
	if err != nil || left <= 0 || left > maxTTL {
		clear(buf)
		return nil, miss(err)
	}
	return buf[headerSize:size:size], nil
}

// find reads the payload into buf and returns its full size, even if that is larger than buf. It retries,
// because another put may replace the key between the search and the read.
func (c cache) find(id string, buf []byte) (size int, err error) {
	for range 3 {
		var key int
		if key, err = c.search(unix.KEY_SPEC_USER_KEYRING, descriptionPrefix+id); err != nil {
			return 0, err
		}
		if size, err = c.read(key, buf); !gone(err) {
			return size, err
		}
	}
	return 0, err
}

// remove invalidates the key, which removes it from every keyring. KEYCTL_REVOKE needs possession, which a
// session without a link to the user keyring lacks; KEYCTL_INVALIDATE needs only search permission.
func (c cache) remove(id string) error {
	key, err := c.search(unix.KEY_SPEC_USER_KEYRING, descriptionPrefix+id)
	switch {
	case gone(err), errors.Is(err, unix.ENOSYS) && !c.hasKeyrings():
		return nil
	case err != nil: // a filter may deny this process what another process could do
		return unavailable("finding a key", err)
	}
	invalidated := c.invalidate(key)
	unlinked := c.unlink(key, unix.KEY_SPEC_USER_KEYRING)
	if invalidated == nil || unlinked == nil || gone(invalidated) {
		return nil
	}
	return unavailable("removing a key", invalidated)
}

// gone reports whether the key ended between the search and the failed call.
func gone(err error) bool {
	return errors.Is(err, unix.ENOKEY) || errors.Is(err, unix.EKEYEXPIRED) || errors.Is(err, unix.EKEYREVOKED)
}

func miss(err error) error {
	if err == nil {
		return ErrMiss
	}
	return fmt.Errorf("%w: %w", ErrMiss, err)
}

func unavailable(what string, err error) error {
	return fmt.Errorf("%w: %s: %w", ErrUnavailable, what, err)
}

// syscalls is the real kernel.
type syscalls struct{}

func (syscalls) addKey(description string, payload []byte, ring int) (int, error) {
	return unix.AddKey(keyType, description, payload, ring)
}

func (syscalls) search(ring int, description string) (int, error) {
	return unix.KeyctlSearch(ring, keyType, description, 0)
}

func (syscalls) read(key int, buf []byte) (int, error) {
	return unix.KeyctlBuffer(unix.KEYCTL_READ, key, buf, 0)
}

func (syscalls) setTimeout(key, seconds int) error {
	_, err := unix.KeyctlInt(unix.KEYCTL_SET_TIMEOUT, key, seconds, 0, 0)
	return err
}

func (syscalls) setPermissions(key int, perm uint32) error { return unix.KeyctlSetperm(key, perm) }

func (syscalls) link(key, ring int) error {
	_, err := unix.KeyctlInt(unix.KEYCTL_LINK, key, ring, 0, 0)
	return err
}

func (syscalls) unlink(key, ring int) error {
	_, err := unix.KeyctlInt(unix.KEYCTL_UNLINK, key, ring, 0, 0)
	return err
}

func (syscalls) invalidate(key int) error {
	_, err := unix.KeyctlInt(unix.KEYCTL_INVALIDATE, key, 0, 0, 0)
	return err
}

// hasKeyrings reports whether the kernel was built with keyrings (CONFIG_KEYS), even if this process may
// not use them.
func (syscalls) hasKeyrings() bool {
	_, err := os.Stat("/proc/keys")
	return err == nil
}

func (syscalls) bootTime() (time.Duration, error) { return boottime.Now() }
