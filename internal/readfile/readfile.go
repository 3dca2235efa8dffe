// Package readfile reads files whose path comes from outside. It reads no more than a limit and never waits
// for the writer of a FIFO.
package readfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
)

// Standard is the argument that stands for standard input or output.
const Standard = "-"

// ErrTooLarge means that the file is larger than the limit. Match it with errors.Is.
var ErrTooLarge = errors.New("the file is too large")

// NotRegularError reports a file that is not a regular file.
type NotRegularError struct {
	Path string
	Mode fs.FileMode
}

func (e *NotRegularError) Error() string { return e.Path + " is " + e.Kind() }

// Kind returns the file's type, such as "a named pipe".
func (e *NotRegularError) Kind() string { return Kind(e.Mode) }

// Kind returns the name of a file type other than a regular file, such as "a directory".
func Kind(mode fs.FileMode) string {
	switch {
	case mode.IsDir():
		return "a directory"
	case mode&fs.ModeNamedPipe != 0:
		return "a named pipe"
	case mode&fs.ModeSocket != 0:
		return "a socket"
	case mode&fs.ModeDevice != 0:
		return "a device"
	}
	return "not a regular file"
}

// Open opens a regular file for reading. flag is added to the flags of os.OpenFile, such as
// syscall.O_NOFOLLOW. Errors: *NotRegularError, and those of package os.
func Open(path string, flag int) (*os.File, fs.FileInfo, error) {
	f, err := os.OpenFile(path, flag|os.O_RDONLY|dontWait, 0)
	if err != nil {
		return nil, nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = &NotRegularError{path, info.Mode()}
	}
	if err != nil {
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// Read returns the content of a regular file of at most limit bytes. flag is as for Open. Errors:
// ErrTooLarge, *NotRegularError, and those of package os.
func Read(path string, flag int, limit int64) ([]byte, error) {
	f, _, err := Open(path, flag)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return Rest(f, path, limit)
}

// Rest returns what r still holds, at most limit bytes. Errors: ErrTooLarge, which names path, and r's.
func Rest(r io.Reader, path string, limit int64) ([]byte, error) {
	data, err := io.ReadAll(io.LimitReader(r, limit+1))
	if err != nil {
		return nil, err
	}
	if int64(len(data)) > limit {
		return nil, fmt.Errorf("%s: %w: more than %d bytes", path, ErrTooLarge, limit)
	}
	return data, nil
}
