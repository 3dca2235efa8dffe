package rawfile

import (
	"io/fs"
	"os"
)

// File is a file open for reading.
type File struct{ *os.File }

// Open opens a file for reading, with further flags of os.OpenFile. The error is an *fs.PathError.
func Open(path string, flag int) (*File, error) {
	f, err := os.OpenFile(path, flag|os.O_RDONLY, 0)
	if err != nil {
		return nil, err
	}
	return &File{f}, nil
}

// Info tells what is open.
func (f *File) Info() (Info, error) { return infoOf(f.Stat()) }

// Lstat tells what is at path, be it a symbolic link. The error is an *fs.PathError.
func Lstat(path string) (Info, error) { return infoOf(os.Lstat(path)) }

func infoOf(info fs.FileInfo, err error) (Info, error) {
	if err != nil {
		return Info{}, err
	}
	return Info{Mode: info.Mode(), Size: info.Size(), Owner: NoOwner}, nil
}
