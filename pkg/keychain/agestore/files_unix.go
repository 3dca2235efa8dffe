//go:build unix

package agestore

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"syscall"
)

var errLockHeld = syscall.EWOULDBLOCK

// checkAccess returns *InsecureError if another user owns or can access path. safe is the mode to suggest.
func checkAccess(path string, info fs.FileInfo, safe fs.FileMode) error {
	return checkStat(path, info.Sys().(*syscall.Stat_t), safe)
}

func checkStat(path string, stat *syscall.Stat_t, safe fs.FileMode) error {
	if int(stat.Uid) != os.Geteuid() {
		return &InsecureError{
			Path:   path,
			Reason: fmt.Sprintf("belongs to user %d, but this process runs as user %d", stat.Uid, os.Geteuid()),
		}
	}
	if mode := fs.FileMode(stat.Mode).Perm(); mode&0o077 != 0 {
		return &InsecureError{
			Path:   path,
			Reason: fmt.Sprintf("is open to other users (mode %04o)", mode),
			Mode:   safe,
		}
	}
	return nil
}

// ours reports whether this user owns a file.
func ours(info fs.FileInfo) bool { return int(info.Sys().(*syscall.Stat_t).Uid) == os.Geteuid() }

// noFollow refuses a symbolic link, and opens a FIFO without waiting: the caller then rejects it.
const noFollow = syscall.O_NOFOLLOW | syscall.O_NONBLOCK

func openNoFollow(path string, flag int, perm fs.FileMode) (*os.File, error) {
	f, err := os.OpenFile(path, flag|noFollow, perm)
	return f, notFollowed(path, err)
}

// descriptor is an open file. A list opens every item, and an os.File would take half as long again, mostly to
// ask the kernel to poll a file that cannot be polled.
type descriptor int

// openRegular opens a regular file for reading, which only this user can access, and returns its size. Errors:
// fs.ErrNotExist, ErrInsecure.
func openRegular(path string) (descriptor, int64, error) {
	fd, err := untilDone(func() (int, error) {
		return syscall.Open(path, syscall.O_RDONLY|syscall.O_CLOEXEC|noFollow, 0)
	})
	if err != nil {
		return 0, 0, notFollowed(path, &fs.PathError{Op: "open", Path: path, Err: err})
	}
	var stat syscall.Stat_t
	switch err = syscall.Fstat(fd, &stat); {
	case err != nil:
		err = &fs.PathError{Op: "stat", Path: path, Err: err}
	case stat.Mode&syscall.S_IFMT != syscall.S_IFREG:
		err = &InsecureError{Path: path, Reason: notRegular}
	default:
		err = checkStat(path, &stat, 0o600)
	}
	if err != nil {
		_ = syscall.Close(fd)
		return 0, 0, err
	}
	return descriptor(fd), stat.Size, nil
}

func (d descriptor) Read(p []byte) (int, error) {
	n, err := untilDone(func() (int, error) { return syscall.Read(int(d), p) })
	if err == nil && n == 0 {
		err = io.EOF
	}
	return max(n, 0), err
}

func (d descriptor) Close() error { return syscall.Close(int(d)) }

// untilDone repeats a system call that a signal interrupted, as package os does.
func untilDone(call func() (int, error)) (int, error) {
	for {
		if n, err := call(); err != syscall.EINTR {
			return n, err
		}
	}
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
