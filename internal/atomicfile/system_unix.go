//go:build unix

package atomicfile

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// lockWait is how long to wait for another writer's lock on the directory. Writers hold it for a few system
// calls and an fsync.
const lockWait = 10 * time.Second

// noFollow: resolve has followed the links already, so a new link is another program's.
const noFollow = syscall.O_NOFOLLOW

// checkOwner keeps root from following a link, or writing through it to a file, that another user owns: the
// owner of a link chooses which file root would write.
func checkOwner(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && os.Geteuid() == 0 && stat.Uid != 0 {
		return &TargetError{path, fmt.Sprintf("is part of a symbolic link and belongs to user %d: root does not follow it", stat.Uid)}
	}
	return nil
}

// setAccess sets the temporary file's owner, group and mode to those of the file it replaces, or its mode
// to perm.
func setAccess(f *os.File, old fs.FileInfo, perm fs.FileMode) error {
	if old == nil {
		return f.Chmod(perm)
	}
	mode := old.Mode().Perm()
	now, err := f.Stat()
	if err != nil {
		return err
	}
	want, ok := old.Sys().(*syscall.Stat_t)
	have, ok2 := now.Sys().(*syscall.Stat_t)
	if ok && ok2 && (want.Uid != have.Uid || want.Gid != have.Gid) {
		if err := f.Chown(int(want.Uid), int(want.Gid)); err != nil {
			// Only root can change the owner, but users may keep a group they belong to. A different group
			// must not get the old group's permissions.
			if want.Gid != have.Gid && f.Chown(-1, int(want.Gid)) != nil {
				mode &^= 0o070
			}
		}
	}
	return f.Chmod(mode)
}

// rename renames a file, which is atomic on Unix.
func rename(from, to string) error { return os.Rename(from, to) }

// lockDir locks a directory against other callers of lockDir. On file systems without such locks it does
// nothing.
func lockDir(dir string) (unlock func(), err error) {
	f, err := os.Open(dir)
	if err != nil {
		return nil, err
	}
	for end := time.Now().Add(lockWait); ; time.Sleep(5 * time.Millisecond) {
		err := unix.Flock(int(f.Fd()), unix.LOCK_EX|unix.LOCK_NB)
		if !errors.Is(err, unix.EWOULDBLOCK) && !errors.Is(err, unix.EINTR) {
			return func() { f.Close() }, nil
		}
		if time.Now().After(end) {
			f.Close()
			return nil, fmt.Errorf("another program has kept %s locked for %s", dir, lockWait)
		}
	}
}

// syncDir syncs a rename to disk. Some file systems cannot sync directories; that is not an error.
func syncDir(dir string) error {
	f, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer f.Close()
	if err := f.Sync(); err != nil && !errors.Is(err, unix.EINVAL) && !errors.Is(err, unix.ENOTSUP) {
		return err
	}
	return nil
}
