package dockerconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"golang.org/x/sys/unix"
)

// A file that cannot be read, in a directory that can be entered and in one that cannot. It is another user's if this test
// runs as root, and this user's own otherwise.
func TestHintWhereTheFileCannotBeRead(t *testing.T) {
	temp := t.TempDir()
	if err := os.Chmod(filepath.Dir(temp), 0o755); err != nil {
		t.Fatal(err)
	}
	dir := filepath.Join(temp, "d")
	path := filepath.Join(dir, "config.json")
	if err := os.Mkdir(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte("{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	hints := map[fs.FileMode]string{0o755: "chmod u+rw " + path, 0o600: "chmod u+rwx " + dir}
	if os.Getuid() == 0 {
		hints = map[fs.FileMode]string{
			0o755: `sudo chown "$(id -un)" ` + path + " && chmod 600 " + path,
			0o600: `sudo chown "$(id -un)" ` + dir,
		}
	}
	t.Cleanup(func() { _ = os.Chmod(dir, 0o755) })
	for mode, want := range hints {
		if err := os.Chmod(dir, mode); err != nil {
			t.Fatal(err)
		}
		hint := asNobody(t, path, func() string {
			_, err := os.Open(path)
			if !errors.Is(err, fs.ErrPermission) {
				t.Skipf("this user may read it: %v", err)
			}
			return Hint(path, err)
		})
		if hint != want {
			t.Errorf("%o: %q, want %q", mode, hint, want)
		}
	}
}

// asNobody calls f without permission to read the file: root changes its user, others remove their
// permission.
func asNobody(t *testing.T, path string, f func() string) string {
	if os.Getuid() != 0 {
		if err := os.Chmod(path, 0); err != nil && !errors.Is(err, fs.ErrPermission) {
			t.Fatal(err)
		}
		return f()
	}
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	if err := unix.Setfsuid(65534); err != nil {
		t.Skip(err)
	}
	defer func() { _ = unix.Setfsuid(0) }()
	return f()
}
