package kernelcache

import (
	"bytes"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/unix"
)

// childVariable makes this test binary act as another process. Its value selects the action; the ID is the
// argument.
const childVariable = "RAGENV_KERNELCACHE_TEST_CHILD"

func TestMain(m *testing.M) {
	if act := os.Getenv(childVariable); act != "" {
		if err := child(act, os.Args[1]); err != nil {
			fmt.Println("child:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

func child(act, id string) error {
	runtime.LockOSThread()
	switch act {
	case "get", "remove":
		if err := newSession(); err != nil {
			return err
		}
		if act == "remove" {
			return Remove(id)
		}
		secret, err := Get(id)
		if err != nil {
			return err
		}
		fmt.Print(digest(secret))
		return nil
	case "refused":
		errno, _ := strconv.Atoi(os.Args[2])
		return refused(id, unix.Errno(errno))
	}
	return errors.New("no such act")
}

// newSession gives this thread its own session keyring without a link to the user keyring, as systemd does.
func newSession() error {
	_, err := unix.KeyctlInt(unix.KEYCTL_JOIN_SESSION_KEYRING, 0, 0, 0, 0)
	return err
}

// refused checks every function under a seccomp profile that returns errno, as in container engines.
func refused(id string, errno unix.Errno) error {
	if err := forbidKeyrings(errno); err != nil {
		return err
	}
	if err := Put(id, []byte(rand.Text()), time.Minute); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errno) {
		return fmt.Errorf("Put: %w", err)
	}
	if secret, err := Get(id); !errors.Is(err, ErrMiss) || !errors.Is(err, errno) || secret != nil {
		return fmt.Errorf("Get: %w", err)
	}
	// Another process may still keep it, so success would be wrong.
	if err := Remove(id); !errors.Is(err, ErrUnavailable) || !errors.Is(err, errno) {
		return fmt.Errorf("Remove: %w", err)
	}
	return nil
}

// forbidKeyrings makes keyctl, add_key and request_key fail in all threads of this process.
func forbidKeyrings(errno unix.Errno) error {
	ret := func(k uint32) unix.SockFilter { return unix.SockFilter{Code: unix.BPF_RET | unix.BPF_K, K: k} }
	filter := []unix.SockFilter{{Code: unix.BPF_LD | unix.BPF_W | unix.BPF_ABS, K: 0}} // seccomp_data.nr
	for _, call := range []uint32{unix.SYS_KEYCTL, unix.SYS_ADD_KEY, unix.SYS_REQUEST_KEY} {
		filter = append(filter, unix.SockFilter{Code: unix.BPF_JMP | unix.BPF_JEQ | unix.BPF_K, Jf: 1, K: call},
			ret(unix.SECCOMP_RET_ERRNO|uint32(errno)))
	}
	filter = append(filter, ret(unix.SECCOMP_RET_ALLOW))
	program := unix.SockFprog{Len: uint16(len(filter)), Filter: &filter[0]}
	if err := unix.Prctl(unix.PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0); err != nil {
		return err
	}
	_, _, e := unix.Syscall(unix.SYS_SECCOMP, unix.SECCOMP_SET_MODE_FILTER, unix.SECCOMP_FILTER_FLAG_TSYNC,
		uintptr(unsafe.Pointer(&program)))
	if e != 0 {
		return e
	}
	return nil
}

func runChild(t *testing.T, act string, args ...string) (string, error) {
	t.Helper()
	cmd := exec.Command(os.Args[0], args...)
	cmd.Env = append(os.Environ(), childVariable+"="+act)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // no controlling terminal
	out, err := cmd.Output()
	return string(out), err
}

func digest(secret []byte) string {
	sum := sha256.Sum256(secret)
	return hex.EncodeToString(sum[:])
}

// testID returns a unique ID that is removed at the end of the test. It skips if the kernel keeps nothing.
func testID(t *testing.T) string {
	t.Helper()
	id := "test-" + rand.Text()
	if err := Put(id, []byte("probe"), minTTL); errors.Is(err, ErrUnavailable) {
		t.Skipf("this kernel keeps no keys for this process: %v", err)
	} else if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := Remove(id); err != nil {
			t.Error(err)
		}
	})
	return id
}

func TestLargestThatCanBeKept(t *testing.T) {
	testID(t)
	if !Available() {
		t.Error("Available: false, and a key was kept")
	}
	id := testID(t)
	id += strings.Repeat("x", maxID-len(id))
	t.Cleanup(func() { _ = Remove(id) })
	if err := Put(id, make([]byte, maxSecret), maxTTL); err != nil {
		t.Fatal(err)
	}
	if got, err := Get(id); err != nil || len(got) != maxSecret {
		t.Errorf("%d bytes, %v", len(got), err)
	}
}

func TestPutGetReplaceRemove(t *testing.T) {
	id := testID(t)
	first, second := []byte(rand.Text()), []byte(rand.Text()+rand.Text())
	for _, secret := range [][]byte{first, second, {0}, make([]byte, maxSecret)} {
		if err := Put(id, secret, time.Minute); err != nil {
			t.Fatal(err)
		}
		if got, err := Get(id); err != nil || !bytes.Equal(got, secret) {
			t.Fatalf("Get: %d bytes, want %d, %v", len(got), len(secret), err)
		}
	}
	for range 2 {
		if err := Remove(id); err != nil {
			t.Fatal(err)
		}
		if _, err := Get(id); !errors.Is(err, ErrMiss) {
			t.Errorf("after Remove: %v", err)
		}
	}
}

// The kernel itself must enforce the limits, independent of this package's deadline.
func TestTheKernelLimitsAndGuardsIt(t *testing.T) {
	id := testID(t)
	if err := Put(id, []byte(rand.Text()), time.Minute); err != nil {
		t.Fatal(err)
	}
	key, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, keyType, descriptionPrefix+id, 0)
	if err != nil {
		t.Fatal(err)
	}
	described, err := unix.KeyctlString(unix.KEYCTL_DESCRIBE, key)
	if err != nil {
		t.Fatal(err)
	}
	if fields := strings.Split(described, ";"); fields[0] != keyType || fields[1] != strconv.Itoa(os.Getuid()) || fields[3] != "3f0b0000" {
		t.Errorf("the kernel describes it as %q", described)
	}
	// The kernel counts whole seconds, so a key of one second may expire at once.
	if err := Put(id, []byte(rand.Text()), minTTL); err != nil {
		t.Fatal(err)
	}
	for end := time.Now().Add(time.Minute); ; time.Sleep(50 * time.Millisecond) {
		_, _ = Get(id) // reading must not extend it
		_, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, keyType, descriptionPrefix+id, 0)
		if errors.Is(err, unix.EKEYEXPIRED) || errors.Is(err, unix.ENOKEY) {
			break
		}
		if time.Now().After(end) {
			t.Fatalf("a key of %v is still there: %v", minTTL, err)
		}
	}
	if _, err := Get(id); !errors.Is(err, ErrMiss) {
		t.Errorf("Get after the limit: %v", err)
	}
	if err := Remove(id); err != nil {
		t.Errorf("Remove after the limit: %v", err)
	}
	if err := Put(id, []byte(rand.Text()), time.Minute); err != nil {
		t.Errorf("Put after the limit: %v", err)
	}
	if _, err := Get(id); err != nil {
		t.Errorf("Get after the second Put: %v", err)
	}
}

func TestAnotherSessionOfTheSameUser(t *testing.T) {
	id := testID(t)
	secret := []byte(rand.Text())
	if err := Put(id, secret, time.Minute); err != nil {
		t.Fatal(err)
	}
	if out, err := runChild(t, "get", id); err != nil || out != digest(secret) {
		t.Errorf("reading from a new session: %v, %s", err, out)
	}
	if out, err := runChild(t, "remove", id); err != nil {
		t.Errorf("removing from a new session: %v, %s", err, out)
	}
	if _, err := Get(id); !errors.Is(err, ErrMiss) {
		t.Errorf("removed from another session, and yet: %v", err)
	}
	if out, err := runChild(t, "get", id); err == nil || !strings.Contains(out, ErrMiss.Error()) {
		t.Errorf("reading from a new session after the removal: %v, %s", err, out)
	}
}

func TestAnotherUserIsRefused(t *testing.T) {
	if os.Getuid() != 0 {
		t.Skip("only root can become another user")
	}
	id := testID(t)
	if err := Put(id, []byte(rand.Text()), time.Minute); err != nil {
		t.Fatal(err)
	}
	key, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, keyType, descriptionPrefix+id, 0)
	if err != nil {
		t.Fatal(err)
	}
	var session, became, read, revoked, invalidated, got error
	var done sync.WaitGroup
	done.Go(func() {
		runtime.LockOSThread() // never unlocked: the thread ends with this function and its identity is not reused
		const nobody = 65534
		if session = newSession(); session != nil {
			return
		}
		if _, _, e := unix.RawSyscall(unix.SYS_SETRESUID, nobody, nobody, nobody); e != 0 {
			became = e
			return
		}
		buf := make([]byte, headerSize+maxSecret)
		_, read = unix.KeyctlBuffer(unix.KEYCTL_READ, key, buf, 0)
		_, revoked = unix.KeyctlInt(unix.KEYCTL_REVOKE, key, 0, 0, 0)
		_, invalidated = unix.KeyctlInt(unix.KEYCTL_INVALIDATE, key, 0, 0, 0)
		_, got = Get(id)
	})
	done.Wait()
	if session != nil {
		t.Fatal(session)
	}
	if became != nil {
		t.Skipf("this root cannot become another user: %v", became)
	}
	for name, err := range map[string]error{"read": read, "revoke": revoked, "invalidate": invalidated} {
		if !errors.Is(err, unix.EACCES) {
			t.Errorf("another user may %s the key: %v", name, err)
		}
	}
	if !errors.Is(got, ErrMiss) {
		t.Errorf("Get as another user: %v", got)
	}
	if _, err := Get(id); err != nil {
		t.Errorf("the owner's Get afterwards: %v", err)
	}
}

func TestUnderASeccompProfileNothingIsKept(t *testing.T) {
	id := testID(t)
	if err := Put(id, []byte(rand.Text()), time.Minute); err != nil {
		t.Fatal(err)
	}
	for _, errno := range []unix.Errno{unix.EPERM, unix.ENOSYS} {
		if out, err := runChild(t, "refused", id, strconv.Itoa(int(errno))); err != nil {
			t.Errorf("%v: %v: %s", errno, err, out)
		}
	}
}

func TestReadersDuringReplacement(t *testing.T) {
	id := testID(t)
	a, b := bytes.Repeat([]byte{'a'}, 100), bytes.Repeat([]byte{'b'}, 200)
	if err := Put(id, a, time.Minute); err != nil {
		t.Fatal(err)
	}
	stop := make(chan struct{})
	var readers sync.WaitGroup
	for range 3 {
		readers.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				if got, err := Get(id); err != nil || !(bytes.Equal(got, a) || bytes.Equal(got, b)) {
					t.Errorf("Get: %d bytes, %v", len(got), err)
					return
				}
			}
		})
	}
	for i := range 40 { // a user may have 200 keys, including replaced ones that the kernel has not collected yet
		if err := Put(id, [][]byte{a, b}[i%2], time.Minute); err != nil {
			t.Errorf("Put: %v", err)
			break
		}
	}
	close(stop)
	readers.Wait()
}

func BenchmarkGet(b *testing.B) {
	id := "bench-" + rand.Text()
	if err := Put(id, []byte(rand.Text()), time.Minute); err != nil {
		b.Skip(err)
	}
	defer func() { _ = Remove(id) }()
	for b.Loop() {
		if _, err := Get(id); err != nil {
			b.Fatal(err)
		}
	}
}
