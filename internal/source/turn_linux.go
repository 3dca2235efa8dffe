package source

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"time"
)

// turn waits until no other process of this user runs a command whose answer it will cache: a pull of many
// images requests one key many times at once. It always returns, without the lock if there is none.
func (c *Commands) turn() (done func()) {
	if os.MkdirAll(c.Config.Paths.State, 0o700) != nil {
		return func() {}
	}
	f, err := os.OpenFile(filepath.Join(c.Config.Paths.State, "sources.lock"), os.O_RDWR|os.O_CREATE|syscall.O_NOFOLLOW, 0o600)
	if err != nil {
		return func() {}
	}
	// The lock is held for at most about Limit, but a stopped process must not keep the keys from the
	// others.
	for start := time.Now(); time.Since(start) < c.Limit+time.Second; time.Sleep(20 * time.Millisecond) {
		if err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); !errors.Is(err, syscall.EWOULDBLOCK) && !errors.Is(err, syscall.EINTR) {
			break
		}
	}
	return func() { _ = f.Close() }
}
