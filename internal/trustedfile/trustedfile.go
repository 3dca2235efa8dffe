// Package trustedfile opens the files that steer the programs: the configuration, passphrase files, records of edits.
//
// Whoever can change such a file decides what the programs do with the keys. So a file counts only if it, every symbolic
// link that leads to it, and every directory above it belong to the user or to root, and nobody else can write to them.
// The rule is that of sshd's StrictModes (sshd_config(5)), with three cases more:
//
//   - a directory with the sticky bit, such as /tmp, may be writable for all: others cannot replace the user's files in it;
//   - the group may write where its number is that of the owner: distributions give each user a private group, and a umask
//     of 002;
//   - in a user namespace a directory may belong to the overflow user, which stands for owners outside of it, such as root.
//
// On Windows nothing is checked: access control lists guard the user's profile there.
package trustedfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/internal/readfile"
)

// maxLinks is how many symbolic links Linux follows on the way to a file.
const maxLinks = 40

// Open opens a trusted regular file. Errors: fs.ErrNotExist, *keychain.InsecureError, *readfile.NotRegularError, and those
// of package os. A missing file is fs.ErrNotExist wherever it would be: what is not there steers nothing.
func Open(path string) (*os.File, fs.FileInfo, error) {
	target, err := resolve(path)
	if err != nil {
		return nil, nil, err
	}
	f, info, err := readfile.Open(target, noFollow)
	if err != nil {
		return nil, nil, err
	}
	if err := check(target, info, false); err != nil { // of what is open: the path may name another file by now
		_ = f.Close()
		return nil, nil, err
	}
	return f, info, nil
}

// Read returns the content of a trusted file of at most limit bytes. Errors: those of Open, and readfile.ErrTooLarge.
func Read(path string, limit int64) ([]byte, error) {
	f, _, err := Open(path)
	if err != nil {
		return nil, err
	}
	defer func() { _ = f.Close() }()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err == nil && int64(len(data)) > limit {
		err = fmt.Errorf("%s: %w: more than %d bytes", path, readfile.ErrTooLarge, limit)
	}
	if err != nil {
		return nil, err
	}
	return data, nil
}

// resolve follows path through trusted directories and links to what is no link. Its first complaint waits until the path is
// known to lead to something.
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
		// ".." is that of the directory a link led to, which current is: no link is left in it.
		current, rest = filepath.Join(current, rest[0]), rest[1:]
	}
}

// split returns the elements of a path, without empty ones.
func split(path string) []string {
	return strings.FieldsFunc(path, func(r rune) bool { return os.IsPathSeparator(uint8(r)) && r < 0x80 })
}
