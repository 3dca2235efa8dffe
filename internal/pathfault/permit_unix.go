//go:build unix

package pathfault

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// permit returns the command that lets this user read and write path, or "".
func permit(path string, directory bool) string {
	if usable(path, directory) {
		return ""
	}
	home, err := os.UserHomeDir()
	inHome := err == nil && filepath.IsAbs(home) && (path == home || strings.HasPrefix(path, home+"/") || strings.HasPrefix(home, strings.TrimSuffix(path, "/")+"/"))
	switch {
	case unix.Access(path, unix.W_OK) == unix.EROFS:
		return ""
	case owns(path) && directory:
		return "chmod u+rwx " + shellquote.Word(path)
	case owns(path):
		return "chmod u+rw " + shellquote.Word(path)
	case inHome && !owns(home):
		return OwnHome
	case inHome && !directory: // its group and others had no access to what it holds
		return `sudo chown "$(id -un)" ` + shellquote.Word(path) + " && chmod 600 " + shellquote.Word(path)
	case inHome:
		return `sudo chown "$(id -un)" ` + shellquote.Word(path)
	}
	return ""
}

// usable reports whether this user can read and write path.
func usable(path string, directory bool) bool {
	mode := uint32(unix.R_OK | unix.W_OK)
	if directory {
		mode |= unix.X_OK
	}
	return unix.Access(path, mode) == nil
}

// owns reports whether path belongs to this user.
func owns(path string) bool {
	info, err := os.Stat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
