//go:build unix

package agestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

var errLockHeld = syscall.EWOULDBLOCK

// checkAccess returns *InsecureError if another user owns or can access path. safe is the mode to suggest.
func checkAccess(path string, info fs.FileInfo, safe fs.FileMode) error {
	if owner := info.Sys().(*syscall.Stat_t).Uid; int(owner) != os.Geteuid() {
		return &InsecureError{
			Path:   path,
			Reason: fmt.Sprintf("belongs to user %d, but this process runs as user %d", owner, os.Geteuid()),
		}
	}
	if info.Mode().Perm()&0o077 != 0 {
		return &InsecureError{
			Path:   path,
			Reason: fmt.Sprintf("is open to other users (mode %04o)", info.Mode().Perm()),
			Mode:   safe,
		}
	}
	return nil
}

// ours reports whether this user owns a file.
func ours(info fs.FileInfo) bool { return int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid() }

func openNoFollow(path string, flag int, perm fs.FileMode) (*os.File, error) {
	// O_NONBLOCK: opening a FIFO must not block; the caller then rejects it.
	f, err := os.OpenFile(path, flag|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, perm)
	return f, notFollowed(path, err)
}

// notFollowed turns the error of O_NOFOLLOW into *InsecureError.
func notFollowed(path string, err error) error {
	if errors.Is(err, syscall.ELOOP) || errors.Is(err, syscall.EMLINK) { // EMLINK: FreeBSD
		return &InsecureError{Path: path, Reason: "is a symbolic link, which is not followed here"}
	}
	return err
}

func rename(from, to string) error { return os.Rename(from, to) }

// renameLocked renames a store's directory. The caller keeps the lock.
func renameLocked(from, to string, _ func()) error { return rename(from, to) }

func remove(path string) error { return os.Remove(path) }

func tryLock(f *os.File) error {
	for {
		err := syscall.Flock(int(f.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
		switch {
		case errors.Is(err, syscall.EINTR):
			continue
		case errors.Is(err, syscall.ENOLCK), errors.Is(err, syscall.ENOTSUP), errors.Is(err, syscall.ENOSYS):
			return fmt.Errorf("%w: %w", ErrNoLocks, err)
		}
		return err
	}
}

// openTurn opens the file whose lock serializes key derivation. It is the identity itself, so that nothing
// is written and a store mounted read-only works too. Writers replace the identity and lock a different
// file.
func openTurn(opts Options) (*os.File, error) {
	return openNoFollow(opts.path(identityName), os.O_RDONLY, 0)
}

// syncDir makes a rename or removal in dir durable, except on network file systems that do not support it.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer func() { _ = d.Close() }()
	if err := d.Sync(); err != nil && !errors.Is(err, syscall.EINVAL) && !errors.Is(err, syscall.ENOTSUP) {
		return err
	}
	return nil
}
