package agestore

import (
	"io/fs"
	"os"

	"golang.org/x/sys/windows"
)

var errLockHeld = windows.ERROR_LOCK_VIOLATION

// checkAccess: %LocalAppData% is the user's own by its access control list, which new files inherit.
func checkAccess(string, fs.FileInfo, string) error { return nil }

func openNoFollow(path string, flag int, perm fs.FileMode) (*os.File, error) {
	if info, err := os.Lstat(path); err == nil && info.Mode()&(fs.ModeSymlink|fs.ModeIrregular) != 0 {
		return nil, &InsecureError{Path: path, Reason: "is a link, which is not followed here"}
	}
	return os.OpenFile(path, flag, perm)
}

func tryLock(f *os.File) error {
	const flags = windows.LOCKFILE_EXCLUSIVE_LOCK | windows.LOCKFILE_FAIL_IMMEDIATELY
	return windows.LockFileEx(windows.Handle(f.Fd()), flags, 0, 1, 0, new(windows.Overlapped))
}

// syncDir: NTFS journals renames; there is no call to wait for it.
func syncDir(string) error { return nil }
