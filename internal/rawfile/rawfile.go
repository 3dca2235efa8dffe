// Package rawfile reads files by system calls alone.
//
// Package os prepares every file for its network poller, in case that it is a pipe, and makes the poller for the first one:
// for a program that reads four small files and ends, that is a twentieth of its life (docs/benchmarks.md).
package rawfile

import "io/fs"

// NoOwner is the owner where the system has access control lists in place of one.
const NoOwner = -1

// Info describes a file.
type Info struct {
	Mode  fs.FileMode // type and permissions
	Size  int64       // in bytes
	Owner int         // user ID, or NoOwner
}
