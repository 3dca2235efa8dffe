// Package trustedfile opens the files that control the programs: the configuration, passphrase files,
// records of edits.
//
// Anyone who can change such a file decides what the programs do with the keys. So a file is trusted only
// if it, every symbolic link that leads to it, and every directory above it belong to the user or to root,
// and nobody else can write to them. This is the rule of sshd's StrictModes (sshd_config(5)), with three
// exceptions:
//
//   - A directory with the sticky bit, such as /tmp, may be writable by all: others cannot replace the user's
//     files in it.
//   - The group may have write access if its number equals the owner's: distributions give each user a private
//     group and a umask of 002.
//   - In a user namespace, a directory may belong to the overflow user, which stands for owners outside the
//     namespace, such as root.
//
// On Windows nothing is checked, because access control lists protect the user's profile.
package trustedfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/internal/readfile"
)

// maxLinks is how many symbolic links Linux follows to reach a file.
const maxLinks = 40

// Open opens a trusted regular file. Errors: fs.ErrNotExist, *keychain.InsecureError,
// *readfile.NotRegularError, and those of package os. A missing file is always fs.ErrNotExist, even in an
// insecure directory, because it controls nothing.
func Open(path string) (*os.File, fs.FileInfo, error) {
	target, err := resolve(path)
	if err != nil {
		return nil, nil, err
	}
	f, info, err := readfile.Open(target, noFollow)
	if err != nil {
		return nil, nil, err
	}
	if err := check(target, info, false); err != nil { // the path may name another file by now
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// Read returns the content of a trusted file of at most limit bytes. Errors: those of Open, and
// readfile.ErrTooLarge.
func Read(path string, limit int64) ([]byte, error) {
	f, _, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	return readfile.Rest(f, path, limit)
}

// resolve follows path through trusted directories and links to something that is not a link. It reports
// the first insecure element only if the path leads to something.
func resolve(path string) (string, error) {
	path, err := filepath.Abs(path)
	if err != nil {
		return "", err
	}
	var insecure error
	links := 0
	root := filepath.VolumeName(path) + string(filepath.Separator)
	current, rest := root, split(path[len(root):])
	for {
		info, err := os.Lstat(current)
		if err != nil {
			return "", err
		}
		isLink := info.Mode()&fs.ModeSymlink != 0
		if isLink || info.IsDir() {
			if err := check(current, info, !isLink); err != nil && insecure == nil {
				insecure = err
			}
		}
		if isLink {
			if links++; links > maxLinks {
				return "", &fs.PathError{Op: "open", Path: path, Err: errors.New("too many symbolic links")}
			}
			target, err := os.Readlink(current)
			if err != nil {
				return "", err
			}
			current = filepath.Dir(current)
			if filepath.IsAbs(target) {
				current, target = root, target[len(filepath.VolumeName(target)):]
			}
			rest = append(split(target), rest...)
		}
		if len(rest) == 0 {
			return current, insecure
		}
		// ".." is relative to the directory that a link led to. current no longer contains links.
		current, rest = filepath.Join(current, rest[0]), rest[1:]
	}
}

// split returns the non-empty elements of a path.
func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return os.IsPathSeparator(uint8(r)) && r < 0x80 })
}
