package processes

import (
	"io/fs"
	"os"
	"syscall"
)

// ours reports whether a directory in /proc belongs to a process of this user.
func ours(info fs.FileInfo) bool {
	stat, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(stat.Uid) == os.Geteuid()
}
