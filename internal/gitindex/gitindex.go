// Package gitindex reads which files git tracks from the index alone, without running git.
//
// Running git would not be safe. A repository's own configuration can make "git ls-files" run programs: it
// fetches missing objects, asks a file system monitor and expands a sparse index. You do not agree to that
// by checking out a stranger's repository.
//
// The format is described in gitformat-index(5): versions 2 to 4, with SHA-1 or SHA-256.
package gitindex

import (
	"bytes"
	"encoding/binary"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/readfile"
)

// Size limits in bytes. The largest repositories have an index of about maxIndex.
const (
	maxIndex   = 128 << 20
	maxPointer = 4 << 10
	maxPath    = 4 << 10
)

// The errors of this package. Match them with errors.Is.
var (
	// ErrNoRepository means that neither the directory nor a parent of it is a repository.
	ErrNoRepository = errors.New("not in a git repository")
	// ErrUnknown means that the index alone does not say what is tracked.
	ErrUnknown = errors.New("the index cannot be read without git")
)

// Find returns the root of the working tree that contains dir, an absolute path, and the path of its index.
// Errors: ErrNoRepository, ErrUnknown.
//
// Like git, it passes over a .git that leads nowhere. If no other is found, that is ErrUnknown, because the
// repository may be on a disk that is not mounted.
func Find(dir string) (root, index string, err error) {
	none := error(ErrNoRepository)
	for root = filepath.Clean(dir); ; root = filepath.Dir(root) {
		git := filepath.Join(root, ".git")
		info, err := os.Stat(git)
		switch {
		case err == nil && info.IsDir():
			return root, filepath.Join(git, "index"), nil
		case err == nil: // the .git file of a worktree or a submodule
			text, err := readfile.Read(git, 0, maxPointer)
			to, found := strings.CutPrefix(strings.TrimRight(string(text), "\r\n"), "gitdir: ")
			if err != nil || !found {
				return "", "", fmt.Errorf("%w: %s is no pointer to a repository", ErrUnknown, git)
			}
			if !filepath.IsAbs(to) {
				to = filepath.Join(root, to)
			}
			return root, filepath.Join(to, "index"), nil
		}
		if _, err := os.Lstat(git); err == nil {
			none = fmt.Errorf("%w: %s leads nowhere", ErrUnknown, git)
		}
		if root == filepath.Dir(root) {
			return "", "", none
		}
	}
}

// Tracked returns the names that git tracks. names are paths relative to dir. Errors: ErrNoRepository,
// ErrUnknown, and errors from reading the index.
func Tracked(dir string, names []string) ([]string, error) {
	root, index, err := Find(dir)
	if err != nil {
		return nil, err
	}
	below, err := filepath.Rel(root, filepath.Clean(dir))
	if err != nil {
		return nil, err
	}
	data, err := readfile.Read(index, 0, maxIndex)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil // nothing has been added yet
	}
	if err != nil {
		return nil, err
	}
	wanted := map[string]string{}
	for _, name := range names {
		wanted[path.Join(filepath.ToSlash(below), filepath.ToSlash(name))] = name
	}
	for _, hash := range []int{20, 32} { // the file does not say which hash it uses
		var tracked []string
		if tracked, err = among(data, hash, wanted); err == nil {
			return tracked, nil
		}
	}
	return nil, err
}

// among returns the values of wanted whose keys are paths in the index. Errors: ErrUnknown.
func among(data []byte, hash int, wanted map[string]string) (tracked []string, err error) {
	folded := false
	err = parse(data, hash, func(entry []byte, isFolder bool) {
		if isFolder { // a sparse index lists a directory instead of its files
			for file := range wanted {
				folded = folded || strings.HasPrefix(file, strings.TrimSuffix(string(entry), "/")+"/")
			}
			return
		}
		if name, ok := wanted[string(entry)]; ok && !slices.Contains(tracked, name) { // repeated during a merge
			tracked = append(tracked, name)
		}
	})
	if err == nil && folded {
		err = fmt.Errorf("%w: it is sparse", ErrUnknown)
	}
	return tracked, err
}

// parse calls found with the path of each entry. The path is valid until the next call. hash is the length
// of an object name in bytes. Errors: ErrUnknown.
func parse(data []byte, hash int, found func(path []byte, isFolder bool)) error {
	damaged := fmt.Errorf("%w: it does not follow the format", ErrUnknown)
	const header = 12
	if len(data) < header+hash || string(data[:4]) != "DIRC" {
		return damaged
	}
	version, count := binary.BigEndian.Uint32(data[4:]), binary.BigEndian.Uint32(data[8:])
	if version < 2 || version > 4 {
		return fmt.Errorf("%w: it has version %d", ErrUnknown, version)
	}
	rest := data[header : len(data)-hash]
	var previous []byte
	for range count {
		fixed := 40 + hash + 2 // times, device, inode, mode, owner, size; hash; flags
		if len(rest) < fixed {
			return damaged
		}
		flags := binary.BigEndian.Uint16(rest[fixed-2:])
		folder := binary.BigEndian.Uint32(rest[24:])>>12 == 4
		if flags&0x4000 != 0 { // extended
			fixed += 2
		}
		if len(rest) < fixed {
			return damaged
		}
		name, taken := rest[fixed:], 0
		kept := 0
		if version == 4 {
			drop, size := offset(name)
			if size == 0 || drop > uint64(len(previous)) {
				return damaged
			}
			kept, name, taken = len(previous)-int(drop), name[size:], size
		}
		end := bytes.IndexByte(name, 0)
		if end < 0 || kept+end > maxPath {
			return damaged
		}
		previous = append(previous[:kept], name[:end]...)
		found(previous, folder)
		length := fixed + taken + end + 1
		if version < 4 {
			length = (fixed + end + 8) &^ 7 // 1 to 8 NULs
		}
		if len(rest) < length {
			return damaged
		}
		rest = rest[length:]
	}
	for len(rest) > 0 { // extensions
		const head = 8
		if len(rest) < head {
			return damaged
		}
		name, size := string(rest[:4]), uint64(binary.BigEndian.Uint32(rest[4:]))
		if size > uint64(len(rest)-head) {
			return damaged
		}
		if name == "link" {
			return fmt.Errorf("%w: it is split", ErrUnknown)
		}
		rest = rest[head+size:]
	}
	return nil
}

// offset decodes a number in the offset encoding of pack files and returns its size in bytes, 0 if it does
// not end.
func offset(data []byte) (value uint64, size int) {
	for i, b := range data[:min(len(data), 9)] {
		if i > 0 {
			value++
		}
		value = value<<7 | uint64(b&0x7f)
		if b&0x80 == 0 {
			return value, i + 1
		}
	}
	return 0, 0
}
