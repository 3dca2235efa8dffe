// Package memfile creates files that are on no disk: sealed memory that this process, and the command that
// replaces it, read through a path.
package memfile

import "errors"

// ErrUnsupported means that this system has no memory files, or no /proc to open them through.
var ErrUnsupported = errors.New("files in memory need Linux, with /proc")

// Create creates a file with this content and returns its path, /proc/self/fd/N. It can be opened any
// number of times, each time from its beginning: by this process, by the program that replaces it (execve),
// and by children that keep inherited descriptors open. Nobody can change the file. It disappears when the
// last of these processes ends.
//
// N is an unused descriptor above the numbers that shells use for scripts and for themselves.
func Create(content []byte) (path string, err error) { return create(content) }
