package atomicfile

import (
	"errors"
	"io/fs"
	"os"
	"time"

	"golang.org/x/sys/windows"
)

const noFollow = 0

// checkOwner does nothing: creating links is a privilege on Windows, and there is no root to mislead.
func checkOwner(string, fs.FileInfo) error { return nil }

// setAccess does nothing: a new file inherits the directory's access control list.
func setAccess(*os.File, fs.FileInfo, fs.FileMode) error { return nil }

// rename renames from to to. It retries while another program, such as Docker or a virus scanner, has the
// file open.
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

// lockDir does nothing: Windows has no directory locks.
func lockDir(string) (unlock func(), err error) { return func() {}, nil }

// syncDir does nothing: NTFS journals renames, and there is no call that waits for it.
func syncDir(string) error { return nil }
