package kernelcache

import (
	"bytes"
	"crypto/rand"
	"errors"
	"fmt"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// fakeKey and fakeKernel simulate the kernel's keyrings, with a settable clock and calls that fail on
// demand.
type fakeKey struct {
	description string
	payload     []byte
	seconds     int
	perm        uint32
}

type fakeKernel struct {
	t     *testing.T
	keys  map[int]*fakeKey
	rings map[int]map[string]int
	clock time.Duration
	fail  map[string]error
	calls []string
	// without simulates a kernel built without keyrings.
	without bool
}

func newFake(t *testing.T) *fakeKernel {
	return &fakeKernel{
		t: t, clock: time.Hour, keys: map[int]*fakeKey{}, fail: map[string]error{},
		rings: map[int]map[string]int{unix.KEY_SPEC_PROCESS_KEYRING: {}, unix.KEY_SPEC_USER_KEYRING: {}},
	}
}

func (f *fakeKernel) call(name string) error {
	f.calls = append(f.calls, name)
	return f.fail[name]
}

func (f *fakeKernel) addKey(description string, payload []byte, ring int) (int, error) {
	if err := f.call("add"); err != nil {
		return 0, err
	}
	if ring != unix.KEY_SPEC_PROCESS_KEYRING {
		f.t.Errorf("a key without a limit was added to keyring %d, which outlives the process", ring)
	}
	key := len(f.keys) + 1
	f.keys[key] = &fakeKey{description: description, payload: bytes.Clone(payload)}
	f.rings[ring][description] = key
	return key, nil
}

func (f *fakeKernel) search(ring int, description string) (int, error) {
	if err := f.call("search"); err != nil {
		return 0, err
	}
	if key, ok := f.rings[ring][description]; ok {
		return key, nil
	}
	return 0, unix.ENOKEY
}

func (f *fakeKernel) read(key int, buf []byte) (int, error) {
	if err := f.call("read"); err != nil {
		copy(buf, f.keys[key].payload) // what a failed read may leave in the buffer
		return 0, err
	}
	copy(buf, f.keys[key].payload)
	return len(f.keys[key].payload), nil
}

func (f *fakeKernel) setTimeout(key, seconds int) error {
	if err := f.call("timeout"); err != nil {
		return err
	}
	f.keys[key].seconds = seconds
	return nil
}

func (f *fakeKernel) setPermissions(key int, perm uint32) error {
	if err := f.call("permissions"); err != nil {
		return err
	}
	f.keys[key].perm = perm
	return nil
}

func (f *fakeKernel) link(key, ring int) error {
	if err := f.call("link"); err != nil {
		return err
	}
	if f.keys[key].seconds == 0 || f.keys[key].perm != permissions {
		f.t.Errorf("a key was shared with a limit of %d s and permissions %#x", f.keys[key].seconds, f.keys[key].perm)
	}
	f.rings[ring][f.keys[key].description] = key
	return nil
}

func (f *fakeKernel) unlink(key, ring int) error {
	if err := f.call("unlink"); err != nil {
		return err
	}
	if f.rings[ring][f.keys[key].description] != key {
		return unix.ENOENT
	}
	delete(f.rings[ring], f.keys[key].description)
	return nil
}

func (f *fakeKernel) invalidate(key int) error {
	if err := f.call("invalidate"); err != nil {
		return err
	}
	for _, ring := range f.rings {
		delete(ring, f.keys[key].description)
	}
	return nil
}

func (f *fakeKernel) hasKeyrings() bool { return !f.without }

func (f *fakeKernel) bootTime() (time.Duration, error) { return f.clock, f.call("clock") }

var errnos = []error{unix.EPERM, unix.ENOSYS, unix.EACCES, unix.EKEYEXPIRED, unix.EKEYREVOKED, unix.EKEYREJECTED,
	unix.ENOKEY, unix.EDQUOT, unix.ENOMEM, unix.EOPNOTSUPP, unix.EINTR, unix.Errno(4095)}

func TestAnyErrnoIsAMiss(t *testing.T) {
	for _, call := range []string{"search", "read", "clock"} {
		for _, errno := range errnos {
			t.Run(fmt.Sprint(call, "/", errno), func(t *testing.T) {
				f := newFake(t)
				c := cache{f}
				if err := c.put("id", []byte(rand.Text()), time.Minute); err != nil {
					t.Fatal(err)
				}
				f.fail[call] = errno
				secret, err := c.get("id")
				if !errors.Is(err, ErrMiss) || !errors.Is(err, errno) || secret != nil {
					t.Errorf("got %d bytes, %v", len(secret), err)
				}
			})
		}
	}
}

func TestAFailedPutKeepsWhatWasThere(t *testing.T) {
	for _, call := range []string{"clock", "add", "timeout", "permissions", "link"} {
		for _, errno := range errnos {
			t.Run(fmt.Sprint(call, "/", errno), func(t *testing.T) {
				f := newFake(t)
				c := cache{f}
				before := []byte(rand.Text())
				if err := c.put("id", before, time.Minute); err != nil {
					t.Fatal(err)
				}
				f.fail[call] = errno
				if err := c.put("id", []byte(rand.Text()), time.Minute); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errno) {
					t.Errorf("put: %v", err)
				}
				delete(f.fail, call)
				if got, err := c.get("id"); err != nil || !bytes.Equal(got, before) {
					t.Errorf("what was kept before is gone or changed: %d bytes, %v", len(got), err)
				}
				if n := len(f.rings[unix.KEY_SPEC_PROCESS_KEYRING]); n != 0 {
					t.Errorf("%d keys are left in the process keyring", n)
				}
			})
		}
	}
}

func TestPutOrderAndLimit(t *testing.T) {
	f := newFake(t)
	if err := (cache{f}).put("id", []byte(rand.Text()), 90*time.Second+1); err != nil {
		t.Fatal(err)
	}
	if got, want := fmt.Sprint(f.calls), "[clock add timeout permissions link unlink]"; got != want {
		t.Errorf("calls %s, want %s", got, want)
	}
	for ttl, want := range map[time.Duration]int{90*time.Second + 1: 91, 90 * time.Second: 90, minTTL: 1, maxTTL: 86400} {
		f := newFake(t)
		if err := (cache{f}).put("id", []byte(rand.Text()), ttl); err != nil {
			t.Fatal(err)
		}
		if got := f.keys[1].seconds; got != want {
			t.Errorf("%s: the kernel was given %d s, want %d: rounded up, the deadline in the payload is exact", ttl, got, want)
		}
		if _, err := (cache{f}).get("id"); err != nil { // no time has passed on the clock
			t.Errorf("%s: %v", ttl, err)
		}
	}
}

func TestBootTime(t *testing.T) {
	now, err := syscalls{}.bootTime()
	if err != nil || now <= 0 {
		t.Errorf("%s, %v", now, err)
	}
}

// The kernel's timeout uses the wall clock, which may be set back. Then only the deadline in the payload
// applies.
func TestTheDeadlineHoldsWhereTheKernelsDoesNot(t *testing.T) {
	f := newFake(t)
	c := cache{f}
	if err := c.put("id", []byte(rand.Text()), time.Minute); err != nil {
		t.Fatal(err)
	}
	f.clock += 20 * time.Second
	if _, err := c.get("id"); err != nil {
		t.Errorf("after 20 s: %v", err)
	}
	f.clock += 39 * time.Second
	if _, err := c.get("id"); err != nil {
		t.Errorf("after 59 s: %v", err)
	}
	f.clock += time.Second
	if secret, err := c.get("id"); !errors.Is(err, ErrMiss) || secret != nil {
		t.Errorf("after 60 s: %d bytes, %v: reading must not lengthen it", len(secret), err)
	}
}

func TestForeignPayloadsAreMisses(t *testing.T) {
	soon := []byte{payloadVersion, 0, 0, 3, 0x46, 0x30, 0xb8, 0xa0, 1} // 1 ns after the fake's clock
	for name, payload := range map[string][]byte{
		"empty":           {},
		"header only":     soon,
		"other version":   append([]byte{payloadVersion + 1}, append(bytes.Clone(soon[1:]), 'x')...),
		"deadline zero":   append([]byte{payloadVersion, 0, 0, 0, 0, 0, 0, 0, 0}, 'x'),
		"deadline absurd": append([]byte{payloadVersion, 0x7f, 0, 0, 0, 0, 0, 0, 0}, 'x'),
		"deadline wraps":  append([]byte{payloadVersion, 0xff, 0, 0, 0, 0, 0, 0, 0}, 'x'),
		"too long":        append(bytes.Clone(soon), make([]byte, maxSecret+1)...),
	} {
		f := newFake(t)
		f.keys[1] = &fakeKey{payload: payload}
		f.rings[unix.KEY_SPEC_USER_KEYRING][descriptionPrefix+"id"] = 1
		if secret, err := (cache{f}).get("id"); !errors.Is(err, ErrMiss) || secret != nil {
			t.Errorf("%s: %d bytes, %v", name, len(secret), err)
		}
	}
	f := newFake(t)
	f.keys[1] = &fakeKey{payload: append(bytes.Clone(soon), 'x')}
	f.rings[unix.KEY_SPEC_USER_KEYRING][descriptionPrefix+"id"] = 1
	if secret, err := (cache{f}).get("id"); err != nil || string(secret) != "x" {
		t.Errorf("the payload that the others spoil: %d bytes, %v", len(secret), err)
	}
}

func TestRemoveSurvivesHalfRefusals(t *testing.T) {
	for name, c := range map[string]struct {
		fail map[string]error
		want error
	}{
		"old kernel":                 {map[string]error{"invalidate": unix.EOPNOTSUPP}, nil},
		"no right to unlink":         {map[string]error{"unlink": unix.EACCES}, nil},
		"ended meanwhile":            {map[string]error{"invalidate": unix.ENOKEY, "unlink": unix.ENOENT}, nil},
		"a filter refuses":           {map[string]error{"search": unix.EPERM}, ErrUnavailable},
		"a filter plays an old one":  {map[string]error{"search": unix.ENOSYS}, ErrUnavailable},
		"kept and cannot be ended":   {map[string]error{"invalidate": unix.EACCES, "unlink": unix.EACCES}, ErrUnavailable},
		"expired, not yet collected": {map[string]error{"search": unix.EKEYEXPIRED}, nil},
	} {
		f := newFake(t)
		if err := (cache{f}).put("id", []byte(rand.Text()), time.Minute); err != nil {
			t.Fatal(err)
		}
		f.fail = c.fail
		if err := (cache{f}).remove("id"); !errors.Is(err, c.want) || (c.want == nil && err != nil) {
			t.Errorf("%s: %v, want %v", name, err, c.want)
		}
	}
}

func TestRemoveWhereTheKernelHasNoKeyrings(t *testing.T) {
	f := newFake(t)
	f.without, f.fail["search"] = true, unix.ENOSYS
	if err := (cache{f}).remove("id"); err != nil {
		t.Errorf("%v, want nil: nothing can be kept", err)
	}
}
