package memfile

import (
	"crypto/rand"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"golang.org/x/sys/unix"
)

// newFile creates a file that is closed when the test ends.
func newFile(t *testing.T, content string) (path string, fd int) {
	t.Helper()
	path, err := Create([]byte(content))
	if errors.Is(err, ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	fd, err = strconv.Atoi(filepath.Base(path))
	if err != nil || filepath.Dir(path) != "/proc/self/fd" {
		t.Fatalf("path %s", path)
	}
	t.Cleanup(func() { _ = unix.Close(fd) })
	return path, fd
}

func TestCreate(t *testing.T) {
	content := rand.Text() + "\x00\xff\n"
	path, fd := newFile(t, content)
	for range 2 { // each time from the beginning
		if got, err := os.ReadFile(path); err != nil || string(got) != content {
			t.Fatalf("%d bytes, %v", len(got), err)
		}
	}
	if link, err := os.Readlink(path); err != nil || link != "/memfd:ragenv (deleted)" {
		t.Errorf("it is %q, %v", link, err)
	}
	info, err := os.Stat(path)
	if err != nil || info.Mode() != 0o400 || info.Size() != int64(len(content)) {
		t.Errorf("%v, %v", info.Mode(), err)
	}
	for doc, change := range map[string]func() error{
		"write":    func() error { _, err := unix.Pwrite(fd, []byte("x"), 0); return err },
		"grow":     func() error { return unix.Ftruncate(fd, 100) },
		"truncate": func() error { return unix.Ftruncate(fd, 0) },
		"unseal":   func() error { _, err := unix.FcntlInt(uintptr(fd), unix.F_ADD_SEALS, unix.F_SEAL_WRITE); return err },
	} {
		if err := change(); !errors.Is(err, unix.EPERM) {
			t.Errorf("%s: %v", doc, err)
		}
	}
}

// TestNumbers checks that no number is used twice, is already in use, or is one that scripts are likely to
// use.
func TestNumbers(t *testing.T) {
	_, one := newFile(t, "1")
	if one <= 255 {
		t.Errorf("descriptor %d", one)
	}
	taken, err := unix.FcntlInt(uintptr(one), unix.F_DUPFD_CLOEXEC, one+1)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = unix.Close(taken) }()
	if _, two := newFile(t, "2"); two == one || two == taken {
		t.Errorf("descriptor %d next to %d and %d", two, one, taken)
	}
}

// TestInherited checks that a grandchild can read the file, whatever descriptors it opens.
func TestInherited(t *testing.T) {
	content := rand.Text()
	path, _ := newFile(t, content)
	script := `exec 3</dev/null 9</dev/null; sh -c 'cat "$FILE"; cat "$FILE"'`
	for _, shell := range []string{"sh", "bash", "zsh", "ksh", "busybox"} {
		program, err := exec.LookPath(shell)
		if err != nil {
			continue
		}
		args := []string{"-c", script}
		if shell == "busybox" {
			args = append([]string{"sh"}, args...)
		}
		cmd := exec.Command(program, args...)
		cmd.Env = append(os.Environ(), "FILE="+path)
		out, err := cmd.Output()
		if err != nil || strings.TrimSpace(string(out)) != content+content {
			t.Errorf("%s: %d bytes, %v", shell, len(out), err)
		}
	}
}

// TestLowLimit uses a limit on open files below the usual numbers.
func TestLowLimit(t *testing.T) {
	var limit unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &limit); err != nil {
		t.Fatal(err)
	}
	lower := limit
	lower.Cur = 128
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &lower); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Setrlimit(unix.RLIMIT_NOFILE, &limit) })
	content := rand.Text()
	path, fd := newFile(t, content)
	if got, err := os.ReadFile(path); err != nil || string(got) != content || fd < fallback || fd >= 128 {
		t.Errorf("descriptor %d: %v", fd, err)
	}
}
