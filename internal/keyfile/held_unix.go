//go:build unix

package keyfile

import (
	"os"

	"golang.org/x/sys/unix"
)

// hold marks a directory as in use until the file is closed, at the latest when this process ends.
func hold(dir string) (*os.File, error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	_ = unix.Flock(int(f.Fd()), unix.LOCK_SH|unix.LOCK_NB) // some file systems have no locks
	return f, nil
}

// Abandoned reports whether a directory of a Temporary is no longer in use: its process was killed.
func Abandoned(dir string) bool {
	f, err := os.Open(dir)
	if err != nil {
		return false
	}
	defer func() { _ = f.Close() }()
	return unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB) == nil
}
