//go:build unix

package sudo

import (
	"os"
	"strconv"
	"syscall"
)

// Owns reports whether path belongs to the user who called sudo and not to the user of this process.
func Owns(getenv func(string) string, path string) bool {
	info, err := os.Lstat(path)
	if err != nil {
		return false
	}
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) != os.Geteuid() && strconv.FormatUint(uint64(stat.Uid), 10) == getenv(EnvUID)
}
