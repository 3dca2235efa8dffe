//go:build unix

package atomicfile

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func mkfifo(path string) error { return syscall.Mkfifo(path, 0o600) }

func TestOwner(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root can give files away")
	}
	dir := t.TempDir()
	path := filepath.Join(dir, "config")
	put(t, path, "x", 0o640)
	if err := os.Chown(path, 65534, 65533); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("y"), 0o600); err != nil {
		t.Fatal(err)
	}
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if stat := info.Sys().(*syscall.Stat_t); stat.Uid != 65534 || stat.Gid != 65533 || info.Mode().Perm() != 0o640 {
		t.Errorf("owner %d:%d, mode %o", stat.Uid, stat.Gid, info.Mode().Perm())
	}

	// Root follows neither a link to another user's file nor another user's link to root's file.
	own := filepath.Join(dir, "own")
	put(t, own, "root's", 0o600)
	toOther, byOther := filepath.Join(dir, "to-other"), filepath.Join(dir, "by-other")
	if err := errors.Join(os.Symlink(path, toOther), os.Symlink(own, byOther), os.Lchown(byOther, 65534, 65534)); err != nil {
		t.Fatal(err)
	}
	for _, link := range []string{toOther, byOther} {
		var bad *TargetError
		if err := Write(link, []byte("z"), 0o600); !errors.As(err, &bad) {
			t.Errorf("%s: %v", link, err)
		}
	}
	want(t, path, "y")
	want(t, own, "root's")
}
