package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"
	"unsafe"

	"golang.org/x/sys/unix"
)

const nobody = 65534

// asNobody calls do without file privileges. For root it changes the user on a thread that ends afterwards.
func asNobody(do func() error) error {
	result := make(chan error)
	go func() {
		if os.Geteuid() == 0 {
			runtime.LockOSThread() // never unlocked: the thread ends with the goroutine
			if err := unix.Setfsuid(nobody); err != nil {
				result <- err
				return
			}
		}
		result <- do()
	}()
	return <-result
}

// openDir returns a directory that every user can access.
func openDir(t *testing.T) string {
	t.Helper()
	dir := t.TempDir()
	for _, d := range []string{dir, filepath.Dir(dir)} {
		if err := os.Chmod(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// A file that cannot be removed is an error.
func TestRemoveFails(t *testing.T) {
	dir := openDir(t)
	path := filepath.Join(dir, "config")
	put(t, path, "x", 0o644)
	if err := os.Chmod(dir, 0o555); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o700) })
	if err := asNobody(func() error { return Remove(path, []byte("x")) }); !errors.Is(err, fs.ErrPermission) {
		t.Errorf("%v", err)
	}
	want(t, path, "x")
}

// If a file cannot keep its group, the new group gets no permissions.
func TestGroupThatCannotBeKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := openDir(t)
	path := filepath.Join(dir, "config")
	for group, mode := range map[int]fs.FileMode{1234: 0o604, 0: 0o664} {
		put(t, path, "x", 0o664)
		if err := errors.Join(os.Chmod(path, 0o664), os.Chown(path, nobody+1, group), os.Chown(dir, nobody, nobody)); err != nil {
			t.Fatal(err)
		}
		info, err := os.Stat(path)
		if err != nil {
			t.Fatal(err)
		}
		if err := asNobody(func() error {
			return write(path, info, []byte("y"), 0o600, func(temp string) error { return rename(temp, path) })
		}); err != nil {
			t.Fatal(err)
		}
		if info, err = os.Stat(path); err != nil || info.Mode().Perm() != mode {
			t.Errorf("group %d: mode %v, want %v, %v", group, info.Mode(), mode, err)
		}
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}

// A group that the writer belongs to is kept with its permissions, even if the owner cannot be.
func TestOwnGroupIsKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	const group = 1234
	dir := openDir(t)
	path := filepath.Join(dir, "config")
	put(t, path, "x", 0o664)
	if err := errors.Join(os.Chown(path, nobody+1, group), os.Chown(dir, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := asNobody(func() error {
		groups := [1]uint32{group}
		if _, _, errno := unix.RawSyscall(unix.SYS_SETGROUPS, 1, uintptr(unsafe.Pointer(&groups)), 0); errno != 0 { // for this thread only
			return errno
		}
		return write(path, info, []byte("y"), 0o600, func(temp string) error { return rename(temp, path) })
	}); err != nil {
		t.Fatal(err)
	}
	var stat unix.Stat_t
	if err := unix.Stat(path, &stat); err != nil || stat.Uid != nobody || stat.Gid != group || stat.Mode&0o777 != 0o664 {
		t.Errorf("%d:%d, mode %o, %v", stat.Uid, stat.Gid, stat.Mode&0o777, err)
	}
}

// A write by another program during the exchange is not lost.
func TestWrittenWhileSwapped(t *testing.T) {
	dir := t.TempDir()
	target, temp, theirs := filepath.Join(dir, "config"), filepath.Join(dir, "temp"), filepath.Join(dir, "theirs")
	large := strings.Repeat("x", MaxSize/2) // makes reading slow
	for range 5 {
		put(t, target, large, 0o600)
		put(t, temp, "ours", 0o600)
		put(t, theirs, "theirs", 0o600)
		before, err := os.Lstat(target)
		if err != nil {
			t.Fatal(err)
		}
		ours, err := os.Lstat(temp)
		if err != nil {
			t.Fatal(err)
		}
		renamed := make(chan error)
		go func() {
			for {
				now, err := os.Lstat(target)
				if err != nil || os.SameFile(now, ours) {
					renamed <- errors.Join(err, os.Rename(theirs, target))
					return
				}
			}
		}()
		if err := swap(temp, target, []byte(strings.Repeat("y", MaxSize/2)), before); errors.Is(err, errors.ErrUnsupported) {
			t.Skip("files cannot change places here")
		} else if !errors.Is(err, ErrChanged) {
			t.Fatalf("%v, want ErrChanged", err)
		}
		select {
		case err := <-renamed:
			if err != nil {
				t.Fatal(err)
			}
		default: // the write came at another time
			put(t, temp, "ours", 0o600)
			if err := os.Rename(temp, target); err != nil {
				t.Fatal(err)
			}
			<-renamed
			continue
		}
		if data, err := os.ReadFile(target); err != nil || string(data) != "theirs" {
			t.Errorf("what came between is lost: %d bytes are there, %v", len(data), err)
		}
	}
}

// Either the owner or the group may differ from a new file's.
func TestOwnerOrGroupIsKept(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	path := filepath.Join(t.TempDir(), "config")
	put(t, path, "x", 0o640)
	for _, ids := range [][2]int{{nobody, os.Getegid()}, {0, nobody}} {
		if err := errors.Join(os.Chown(path, ids[0], ids[1]), Write(path, []byte("y"), 0o600)); err != nil {
			t.Fatal(err)
		}
		var stat unix.Stat_t
		if err := unix.Stat(path, &stat); err != nil || int(stat.Uid) != ids[0] || int(stat.Gid) != ids[1] {
			t.Errorf("%d:%d, want %v, %v", stat.Uid, stat.Gid, ids, err)
		}
	}
}
