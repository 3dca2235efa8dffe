// Package memfile makes files that are on no disk: sealed memory that this process, and the command that takes its place,
// read under a path.
package memfile

import "errors"

// ErrUnsupported: this system has no such files, or no /proc to read them under.
var ErrUnsupported = errors.New("files in memory need Linux, with /proc")

// Create returns the path of a new file with that content: /proc/self/fd/N. It can be opened as often as one likes, each time
// from its beginning, by this process, by the program that it becomes (execve), and by children that do not close the
// descriptors they inherit. Nobody can change it. It is gone when the last of them has ended.
//
// N is a number that nobody has open, above those that shells use for scripts and for themselves.
func Create(content []byte) (path string, err error) { return create(content) }
