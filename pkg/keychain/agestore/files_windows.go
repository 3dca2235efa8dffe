package agestore

import (
	"errors"
	"io/fs"
	"math/rand/v2"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

var errLockHeld = windows.ERROR_LOCK_VIOLATION

// checkAccess: %LocalAppData% is the user's own by its access control list, which new files inherit.
func checkAccess(string, fs.FileInfo, fs.FileMode) error { return nil }

func openNoFollow(path string, flag int, perm fs.FileMode) (f *os.File, err error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return nil, &InsecureError{Path: path, Reason: "is a link, which is not followed here"}
	}
	err = patiently(func() (err error) {
		f, err = os.OpenFile(path, flag, perm)
		return err
	})
	return f, err
}

func rename(from, to string) error { return patiently(func() error { return os.Rename(from, to) }) }

// renameLocked renames a store's directory. One in which a file is open cannot be renamed, the lock included.
func renameLocked(from, to string, unlock func()) error {
	unlock()
	return rename(from, to)
}

func remove(path string) error { return patiently(func() error { return os.Remove(path) }) }

// patience is how long a file may be in somebody's way: far longer than reading one takes.
const patience = 2 * time.Second

// patiently repeats what fails because somebody has the file open at that moment: another process of ours that reads it, a virus
// scanner. Unlike Unix, Windows replaces and removes no such file, and opens none that is being replaced.
func patiently(do func() error) error {
	for start := time.Now(); ; {
		err := do()
		if err == nil || time.Since(start) > patience ||
			!errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return err
		}
		// Not in step with the others.
		time.Sleep(time.Duration(1+rand.IntN(10)) * time.Millisecond)
	}
}

func tryLock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
}

// openTurn opens the file whose lock is the turn to derive. A lock on the identity would keep others from reading it.
func openTurn(opts Options) (*os.File, error) {
	return openNoFollow(opts.path(turnName), os.O_RDWR|os.O_CREATE, 0o600)
}

// syncDir: NTFS journals renames; there is no call to wait for it.
func syncDir(string) error { return nil }
