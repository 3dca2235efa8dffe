//go:build unix

package umask

import (
	"os"
	"path/filepath"
	"syscall"
)

// A test binary may also run as the program under test, which passes on the caller's umask.
func init() {
	if filepath.Ext(os.Args[0]) == ".test" {
		syscall.Umask(0o022)
	}
}
