package source

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// turn waits until no other process of this user runs a command whose answer it will keep: a pull of many images asks for one
// key at one moment. It always returns, without the lock where there can be none.
func (c *Commands) turn() (done func()) {
	if os.MkdirAll(c.Config.Paths.State, 0o700) != nil {
		return func() {}
	}
	f, err := os.OpenFile(filepath.Join(c.Config.Paths.State, "sources.lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return func() {}
	}
	// Who has the lock lets go of it within Limit; a stopped process must not keep the others from their keys.
	for start := time.Now(); time.Since(start) < c.Limit+time.Second; time.Sleep(20 * time.Millisecond) {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	return func() { _ = f.Close() }
}
