//go:build unix

package rawfile

import (
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestLstatAgreesWithPackageOS compares all kinds of files that a test can make or find.
func TestLstatAgreesWithPackageOS(t *testing.T) {
	dir, err := os.MkdirTemp("", "rawfile") // short: a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	paths := map[string]fs.FileMode{"/dev/null": fs.ModeDevice | fs.ModeCharDevice, dir: fs.ModeDir}
	add := func(name string, kind fs.FileMode, mk func(path string) error) {
		path := filepath.Join(dir, name)
		if err := mk(path); err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		paths[path] = kind
	}
	for _, mode := range []fs.FileMode{0, 0o600, 0o640, 0o755, 0o777} {
		add("file"+mode.String(), 0, func(path string) error {
			if err := os.WriteFile(path, []byte("content"), 0o600); err != nil {
				return err
			}
			return os.Chmod(path, mode)
		})
	}
	add("link", fs.ModeSymlink, func(path string) error { return os.Symlink("nowhere", path) })
	add("pipe", fs.ModeNamedPipe, func(path string) error { return syscall.Mkfifo(path, 0o600) })
	add("socket", fs.ModeSocket, func(path string) error {
		l, err := net.Listen("unix", path)
		if err == nil {
			t.Cleanup(func() { l.Close() })
		}
		return err
	})
	for path, kind := range paths {
		info, err := Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		want, err := os.Lstat(path)
		if err != nil {
			t.Fatal(err)
		}
		const compared = fs.ModeType | fs.ModePerm
		if info.Mode != want.Mode()&compared || info.Mode.Type() != kind || info.Size != want.Size() {
			t.Errorf("%s: %v, %d bytes; package os: %v, %d bytes", path, info.Mode, info.Size, want.Mode(), want.Size())
		}
		if info.Owner != int(want.Sys().(*syscall.Stat_t).Uid) {
			t.Errorf("%s belongs to %d", path, info.Owner)
		}
	}
}

func TestWaitsForNoPipe(t *testing.T) {
	path := filepath.Join(t.TempDir(), "pipe")
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() {
		f, err := Open(path, 0)
		if err == nil {
			info, _ := f.Info()
			if info.Mode.IsRegular() {
				t.Error("a pipe is said to be a regular file")
			}
			err = f.Close()
		}
		done <- err
	}()
	select {
	case err := <-done:
		if err != nil {
			t.Error(err)
		}
	case <-time.After(10 * time.Second):
		t.Fatal("it waits for a writer")
	}
}
