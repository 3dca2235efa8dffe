package agestore

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// limitFiles limits this process's files to size bytes while do runs, to simulate a disk that fills up.
func limitFiles(t *testing.T, size uint64, do func()) {
	t.Helper()
	signal.Ignore(syscall.SIGXFSZ)
	defer signal.Reset(syscall.SIGXFSZ)
	var former syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_FSIZE, &former); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: size, Max: former.Max}); err != nil {
		t.Fatal(err)
	}
	do()
	if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &former); err != nil {
		t.Fatal(err)
	}
}

// A partial write is an error and does not create an item or a key. A process of its own checks this: the
// limit would also apply to the log that go test keeps of the files a test opens.
func TestShortWrites(t *testing.T) {
	const limited = "RAGENV_TEST_SHORT_WRITES"
	if os.Getenv(limited) == "" {
		cmd := exec.Command(os.Args[0], "-test.run=^TestShortWrites$")
		cmd.Env = append(os.Environ(), limited+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	s, opts := create(t, "secret words")
	opts.Passphrase = func() ([]byte, error) { return []byte("secret words"), nil }
	value := newKey(t)
	set(t, s, "k", value)
	for _, size := range []uint64{0, 1, 100} {
		var err error
		limitFiles(t, size, func() { err = s.Set("k", newKey(t)) })
		if !errors.Is(err, syscall.EFBIG) {
			t.Errorf("%d bytes: %v", size, err)
		}
		wantData(t, reopen(t, opts), "k", value)
		if _, err := os.Lstat(opts.path(itemsName, tempName)); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%d bytes: a temporary file is left: %v", size, err)
		}
	}
	if err := s.createHalf(); err != nil {
		t.Fatal(err)
	}
	var err error
	limitFiles(t, halfSize-1, func() { err = s.createHalf() })
	if !errors.Is(err, syscall.EFBIG) {
		t.Errorf("the key to the cache: %v", err)
	}
}

// A directory that cannot be created is reported as such.
func TestStoreThatCannotBeCreated(t *testing.T) {
	dir := t.TempDir()
	if err := errors.Join(os.Chmod(dir, 0o555), os.Chmod(filepath.Dir(dir), 0o755)); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	result := make(chan error)
	go func() {
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			if err := unix.Setfsuid(65534); err != nil {
				result <- err
				return
			}
		}
		_, err := Create(Options{Dir: filepath.Join(dir, "store")}, Protection{})
		result <- err
	}()
	if err := <-result; !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v, want ErrPermission", err)
	}
}

// openings returns how often this process has a file open.
func openings(t *testing.T, path string) (count int) {
	t.Helper()
	entries, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		t.Skip(err)
	}
	for _, entry := range entries {
		if to, err := os.Readlink("/proc/self/fd/" + entry.Name()); err == nil && strings.HasPrefix(to, path) {
			count++
		}
	}
	return count
}

// A writer that waits while the store is set aside gets the next store's lock.
func TestWaitingWriterTakesTheNewLock(t *testing.T) {
	for _, recreated := range []bool{true, false} {
		_, opts := create(t, "")
		unlock, err := lockFile(opts.path(lockName))
		if err != nil {
			t.Fatal(err)
		}
		type locked struct {
			unlock func()
			err    error
		}
		waiting := make(chan locked)
		go func() {
			unlock, err := lockFile(opts.path(lockName))
			waiting <- locked{unlock, err}
		}()
		for openings(t, opts.path(lockName)) < 2 {
			time.Sleep(time.Millisecond)
		}
		if err := os.Rename(opts.Dir, opts.Dir+"-aside"); err != nil {
			t.Fatal(err)
		}
		if recreated {
			if _, err := Create(opts, Protection{}); err != nil {
				t.Fatal(err)
			}
		}
		unlock()
		got := <-waiting
		if !recreated {
			if !errors.Is(got.err, fs.ErrNotExist) {
				t.Errorf("no store any more: %v", got.err)
			}
			continue
		}
		if got.err != nil {
			t.Fatal(got.err)
		}
		f, err := openNoFollow(opts.path(lockName), os.O_RDWR, 0)
		if err != nil {
			t.Fatal(err)
		}
		if err := tryLock(f); !errors.Is(err, errLockHeld) {
			t.Errorf("the new store is not locked: %v", err)
		}
		got.unlock()
		if err := tryLock(f); err != nil {
			t.Errorf("the lock stays: %v", err)
		}
		_ = f.Close()
	}
}
