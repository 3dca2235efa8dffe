//go:build unix

package doctor

import (
	"io/fs"
	"os"
	"strconv"
	"syscall"
)

// ownership returns the user ID of a file's owner, and whether that is the current user.
func ownership(info fs.FileInfo) (owner string, ours bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok {
		return "", true
	}
	return strconv.FormatUint(uint64(stat.Uid), 10), int(stat.Uid) == os.Geteuid()
}
