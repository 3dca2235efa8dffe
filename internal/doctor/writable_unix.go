//go:build unix

package doctor

import "golang.org/x/sys/unix"

// canWrite returns why this user cannot create files in a directory, or nil.
func canWrite(dir string) error {
	return unix.Faccessat(unix.AT_FDCWD, dir, unix.W_OK|unix.X_OK, unix.AT_EACCESS)
}

// hasLessThan reports whether a directory's disk has less room than that, in bytes, or no room for another file.
// File systems that report no size are never full.
func hasLessThan(dir string, room uint64) bool {
	var disk unix.Statfs_t
	if unix.Statfs(dir, &disk) != nil || disk.Blocks == 0 {
		return false
	}
	return uint64(disk.Bavail)*uint64(disk.Bsize) < room || disk.Files > 0 && disk.Ffree == 0
}
