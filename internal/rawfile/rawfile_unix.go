//go:build unix

package rawfile

import (
	"errors"
	"io"
	"io/fs"
	"syscall"
)

// File is a file open for reading.
type File struct {
	fd   int
	path string
}

// Open opens a file for reading, with further flags of open(2). It waits for nobody: not for the writer of a FIFO either. The
// error is an *fs.PathError.
func Open(path string, flag int) (*File, error) {
	var fd int
	err := retry(func() (err error) {
		fd, err = syscall.Open(path, flag|syscall.O_RDONLY|syscall.O_CLOEXEC|syscall.O_NONBLOCK, 0)
		return err
	})
	if err != nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: err}
	}
	return &File{fd, path}, nil
}

// Read implements io.Reader. Errors other than io.EOF are *fs.PathError.
func (f *File) Read(data []byte) (n int, err error) {
	if len(data) == 0 {
		return 0, nil
	}
	err = retry(func() (err error) {
		n, err = syscall.Read(f.fd, data)
		return err
	})
	switch {
	case err != nil:
		return 0, &fs.PathError{Op: "read", Path: f.path, Err: err}
	case n == 0:
		return 0, io.EOF
	}
	return n, nil
}

// Close implements io.Closer.
func (f *File) Close() error { return syscall.Close(f.fd) }

// Info tells what is open.
func (f *File) Info() (Info, error) {
	var stat syscall.Stat_t
	err := retry(func() error { return syscall.Fstat(f.fd, &stat) })
	if err != nil {
		return Info{}, &fs.PathError{Op: "stat", Path: f.path, Err: err}
	}
	return infoOf(&stat), nil
}

// Lstat tells what is at path, be it a symbolic link. The error is an *fs.PathError.
func Lstat(path string) (Info, error) {
	var stat syscall.Stat_t
	err := retry(func() error { return syscall.Lstat(path, &stat) })
	if err != nil {
		return Info{}, &fs.PathError{Op: "lstat", Path: path, Err: err}
	}
	return infoOf(&stat), nil
}

func infoOf(stat *syscall.Stat_t) Info {
	mode := fs.FileMode(stat.Mode & 0o777)
	switch stat.Mode & syscall.S_IFMT {
	case syscall.S_IFREG:
	case syscall.S_IFDIR:
		mode |= fs.ModeDir
	case syscall.S_IFLNK:
		mode |= fs.ModeSymlink
	case syscall.S_IFIFO:
		mode |= fs.ModeNamedPipe
	case syscall.S_IFSOCK:
		mode |= fs.ModeSocket
	case syscall.S_IFCHR:
		mode |= fs.ModeDevice | fs.ModeCharDevice
	case syscall.S_IFBLK:
		mode |= fs.ModeDevice
	default:
		mode |= fs.ModeIrregular
	}
	return Info{Mode: mode, Size: stat.Size, Owner: int(stat.Uid)}
}

// retry repeats what a signal interrupted, as package os does.
func retry(call func() error) error {
	for {
		if err := call(); !errors.Is(err, syscall.EINTR) {
			return err
		}
	}
}
