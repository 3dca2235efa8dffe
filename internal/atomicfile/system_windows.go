package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

const noFollow = 0

// checkOwner: there is no root whom another user's link could mislead; making links is a privilege.
func checkOwner(string, fs.FileInfo) error { return nil }

// setAccess: a new file inherits the directory's access control list.
func setAccess(*os.File, fs.FileInfo, fs.FileMode) error { return nil }

// rename replaces to. Programs that have it open for a moment (Docker, a virus scanner) make it fail, so it is tried again.
func rename(from, to string) error {
	for wait := 5 * time.Millisecond; ; wait *= 2 {
		err := os.Rename(from, to)
		if err == nil || wait > 500*time.Millisecond ||
			!errors.Is(err, windows.ERROR_SHARING_VIOLATION) && !errors.Is(err, windows.ERROR_ACCESS_DENIED) {
			return err
		}
		time.Sleep(wait)
	}
}

// lockDir: directories have no locks here.
func lockDir(string) (unlock func(), err error) { return func() {}, nil }

// syncDir: NTFS journals renames; there is no call to wait for it.
func syncDir(string) error { return nil }
