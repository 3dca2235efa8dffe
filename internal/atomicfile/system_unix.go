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

// lockWait is how long another writer may hold the directory's lock; it needs it for a few system calls and an fsync.
const lockWait = 10 * time.Second

// noFollow: resolve followed the links; one that came since is another program's.
const noFollow = syscall.O_NOFOLLOW

// checkOwner keeps root from following a link that another user made or to a file that another user owns: anyone who owns
// the link chooses the file that root would write.
func checkOwner(path string, info fs.FileInfo) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if ok && os.Geteuid() == 0 && stat.Uid != 0 {
		return &TargetError{path, fmt.Sprintf("is part of a symbolic link and belongs to user %d: root does not follow it", stat.Uid)}
	}
	return nil
}

// setAccess gives the temporary file the owner, group and mode of the file it replaces, or the mode perm.
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
			// Only root gives files away; a group of one's own can be kept. Another group must not gain what the old one had.
			if want.Gid != have.Gid && f.Chown(-1, int(want.Gid)) != nil {
				mode &^= 0o070
			}
		}
	}
	return f.Chmod(mode)
}

// rename is atomic on every Unix.
func rename(from, to string) error { return os.Rename(from, to) }

// lockDir excludes other callers of lockDir on the directory. File systems that know no such lock go without.
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

// syncDir brings a rename to the disk. Some file systems refuse to sync directories; they are taken at their word.
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
