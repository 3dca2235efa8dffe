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

// checkAccess accepts every path: files in %LocalAppData% inherit an access control list that limits them
// to the user.
func checkAccess(string, fs.FileInfo, fs.FileMode) error { return nil }

// ours reports false: there is nothing to sync (syncDir).
func ours(fs.FileInfo) bool { return false }

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

// renameLocked renames a store's directory. Windows cannot rename a directory with an open file, so it
// unlocks first.
func renameLocked(from, to string, unlock func()) error {
	unlock()
	return rename(from, to)
}

func remove(path string) error { return patiently(func() error { return os.Remove(path) }) }

// patience is how long to wait for another process to close a file, far longer than reading one takes.
const patience = 2 * time.Second

// patiently retries while another process, such as a reader of the store or a virus scanner, has the file
// open. Windows cannot replace or remove an open file, nor open one that is being replaced.
func patiently(do func() error) error {
	for start := time.Now(); ; {
		err := do()
		if err == nil || time.Since(start) > patience ||
			!errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return err
		}
		// A random pause keeps competing processes out of step.
		time.Sleep(time.Duration(1+rand.IntN(10)) * time.Millisecond)
	}
}

func tryLock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
}

// openTurn opens the file whose lock serializes key derivation. On Windows a lock on the identity would
// block its readers.
func openTurn(opts Options) (*os.File, error) {
	return openNoFollow(opts.path(turnName), os.O_RDWR|os.O_CREATE, 0o600)
}

// syncDir does nothing: NTFS journals renames, and there is no call that waits for it.
func syncDir(string) error { return nil }
