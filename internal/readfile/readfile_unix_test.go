//go:build unix

package readfile

import (
	"errors"
	"net"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// TestWhatIsNoRegularFile checks that each is refused with its kind, and a FIFO without waiting for its
// writer.
func TestWhatIsNoRegularFile(t *testing.T) {
	dir, err := os.MkdirTemp("", "readfile") // short, because a socket's path has a limit
	if err != nil {
		t.Fatal(err)
	}
	defer os.RemoveAll(dir)
	pipe, socket := filepath.Join(dir, "pipe"), filepath.Join(dir, "socket")
	if err := syscall.Mkfifo(pipe, 0o600); err != nil {
		t.Fatal(err)
	}
	listener, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer listener.Close()
	for path, want := range map[string]string{dir: "a directory", pipe: "a named pipe", "/dev/null": "a device"} {
		done := make(chan error, 1)
		go func() {
			_, err := Read(path, 0, 1)
			done <- err
		}()
		select {
		case err := <-done:
			var irregular *NotRegularError
			if !errors.As(err, &irregular) || irregular.Kind() != want || irregular.Path != path {
				t.Errorf("%s: %v, want that it is %s", path, err, want)
			}
		case <-time.After(time.Minute):
			t.Fatalf("%s: it waits", path)
		}
	}
	if _, err := Read(socket, 0, 1); err == nil {
		t.Error("a socket was read")
	}
	link := filepath.Join(dir, "link")
	if err := os.Symlink("/dev/null", link); err != nil {
		t.Fatal(err)
	}
	if _, err := Read(link, syscall.O_NOFOLLOW, 1); !errors.Is(err, syscall.ELOOP) && !errors.Is(err, syscall.EMLINK) {
		t.Errorf("a link with O_NOFOLLOW: %v", err)
	}
}
