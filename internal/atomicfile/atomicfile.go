// Package atomicfile replaces small files so that a crash at any point leaves either the old or the new
// content.
//
// The new content is written to a temporary file of mode 0600 next to the target, synced, and renamed over
// the target. A symbolic link is kept, and the file it points to is replaced. A rename does not keep other
// hard links to the old file, extended attributes or access control lists.
//
// A temporary file is called ".NAME.tmp-DIGITS". A later write of NAME removes one left by a killed process
// if it is at least an hour old.
package atomicfile

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/pathfault"
	"github.com/ragenv/ragenv/internal/readfile"
)

const (
	// MaxSize is the largest file, in bytes, that Read accepts.
	MaxSize = 8 << 20

	maxLinks   = 40 // Linux's limit for resolving a path
	tempMark   = ".tmp-"
	tempMaxAge = time.Hour
)

// ErrChanged: the file is no longer what the caller read. Nothing was written; read it again. Match it with
// errors.Is.
var ErrChanged = errors.New("the file was changed by another program meanwhile")

// TargetError reports a path that is not read or written because of its type or owner.
type TargetError struct {
	Path   string // the file or link at fault, which the given path may point to
	Reason string // such as "is a directory"
}

func (e *TargetError) Error() string { return e.Path + " " + e.Reason }

// Hint returns the command that makes room for a file, or "".
func (e *TargetError) Hint() string { return pathfault.Hint(e.Path, false) }

// Read returns the content of the regular file at path, following symbolic links. Errors: fs.ErrNotExist
// for a missing file; *TargetError for anything but a regular file of at most MaxSize, a dangling link, or
// a link that Write would refuse.
func Read(path string) ([]byte, error) {
	target, info, err := resolve(path)
	if err != nil {
		return nil, err
	}
	if info == nil {
		return nil, &fs.PathError{Op: "open", Path: path, Err: fs.ErrNotExist}
	}
	return read(target)
}

// Write writes data to path. An existing file keeps its mode and, if the system permits, its owner and
// group; a new file gets exactly perm. The directory must exist. Errors: *TargetError if path is not a
// regular file, is a dangling link or, for root, a link that another user controls.
func Write(path string, data []byte, perm fs.FileMode) error {
	target, info, err := resolve(path)
	if err != nil {
		return err
	}
	return write(target, info, data, perm, func(temp string) error { return rename(temp, target) })
}

// Replace is Write if the file still contains exactly old; a nil old means that there must be no file.
// Otherwise it returns ErrChanged. On Unix, a lock on the directory makes callers of Replace exclude each
// other.
//
// On Linux, another program's write is always detected and is restored within two system calls. Elsewhere
// it can be lost between the last comparison and the rename, which are one system call apart. Creating a
// file has no such gap if the file system has hard links.
func Replace(path string, old, data []byte, perm fs.FileMode) error {
	return guarded(path, old, func(target string, info fs.FileInfo, unchanged func() error) error {
		return write(target, info, data, perm, func(temp string) error {
			if old == nil {
				return create(temp, target)
			}
			before, err := os.Lstat(target)
			if errors.Is(err, fs.ErrNotExist) {
				return ErrChanged
			}
			if err != nil {
				return err
			}
			if err := unchanged(); err != nil {
				return err
			}
			return swap(temp, target, old, before)
		})
	})
}

// swap puts temp in target's place if target is still the file before and contains old. It exchanges the
// two files, so that a write after the last comparison is detected and restored.
//
// Until then readers do not see that write. Comparing the files' identity first, which is faster than
// comparing content, limits this to two system calls.
func swap(temp, target string, old []byte, before fs.FileInfo) error {
	ours, err := os.Lstat(temp)
	if err != nil {
		return err
	}
	if now, err := os.Lstat(target); err != nil || !os.SameFile(now, before) {
		return ErrChanged
	}
	err = exchange(temp, target)
	switch {
	case errors.Is(err, errors.ErrUnsupported):
		return rename(temp, target)
	case errors.Is(err, fs.ErrNotExist):
		return ErrChanged
	case err != nil:
		return err
	}
	displaced, err := os.Lstat(temp)
	if err == nil && os.SameFile(displaced, before) {
		if held, err := read(temp); err == nil && bytes.Equal(held, old) {
			return os.Remove(temp)
		}
	}
	// Exchange them back. If the other program wrote again in the meantime, its latest file belongs there.
	for placed := ours; ; {
		if err := exchange(temp, target); err != nil {
			return err
		}
		now, err := os.Lstat(temp)
		if err != nil || os.SameFile(now, placed) {
			return ErrChanged
		}
		placed, displaced = displaced, now
	}
}

// Remove deletes the file if it still contains exactly old; otherwise it returns ErrChanged. It deletes the
// target of a symbolic link, not the link.
func Remove(path string, old []byte) error {
	return guarded(path, old, func(target string, _ fs.FileInfo, unchanged func() error) error {
		if err := unchanged(); err != nil {
			return err
		}
		if err := os.Remove(target); err != nil {
			return err
		}
		return syncDir(filepath.Dir(target))
	})
}

// guarded runs do under the directory's lock, with the resolved path and a check that the file still
// contains old.
func guarded(path string, old []byte, do func(target string, info fs.FileInfo, unchanged func() error) error) error {
	target, _, err := resolve(path)
	if err != nil {
		return err
	}
	unlock, err := lockDir(filepath.Dir(target))
	if err != nil {
		return err
	}
	defer unlock()
	target, info, err := resolve(path)
	if err != nil {
		return err
	}
	unchanged := func() error {
		now, err := read(target)
		switch {
		case errors.Is(err, fs.ErrNotExist):
			if old == nil {
				return nil
			}
			return ErrChanged
		case err != nil:
			return err
		case old == nil || !bytes.Equal(now, old):
			return ErrChanged
		}
		return nil
	}
	if err := unchanged(); err != nil {
		return err
	}
	return do(target, info, unchanged)
}

// resolve follows path to the file itself. The info is nil if the file does not exist. Errors:
// *TargetError, also for a dangling link.
func resolve(path string) (string, fs.FileInfo, error) {
	current, linked := path, false
	for range maxLinks {
		info, err := os.Lstat(current)
		if errors.Is(err, fs.ErrNotExist) {
			if linked {
				return "", nil, &TargetError{path, "is a symbolic link to " + current + ", which does not exist"}
			}
			return current, nil, nil
		}
		if err != nil {
			return "", nil, err
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			if !info.Mode().IsRegular() {
				return "", nil, &TargetError{current, "is " + readfile.Kind(info.Mode())}
			}
			if linked {
				if err := checkOwner(current, info); err != nil {
					return "", nil, err
				}
			}
			return current, info, nil
		}
		linked = true
		if err := checkOwner(current, info); err != nil {
			return "", nil, err
		}
		next, err := os.Readlink(current)
		if err != nil {
			return "", nil, err
		}
		if !filepath.IsAbs(next) {
			// Not filepath.Join: "a/.." is not "." if a is a link.
			next = filepath.Dir(current) + string(filepath.Separator) + next
		}
		dir, base := filepath.Split(next)
		if base == "" || base == "." || base == ".." {
			return "", nil, &TargetError{current, "is a symbolic link to a directory"}
		}
		if dir, err = filepath.EvalSymlinks(dir); errors.Is(err, fs.ErrNotExist) {
			return "", nil, &TargetError{path, "is a symbolic link to " + next + ", which does not exist"}
		} else if err != nil {
			return "", nil, err
		}
		current = filepath.Join(dir, base)
	}
	return "", nil, &TargetError{path, "is a symbolic link that leads through too many others"}
}

func read(path string) ([]byte, error) {
	data, err := readfile.Read(path, noFollow, MaxSize)
	var irregular *readfile.NotRegularError
	switch {
	case errors.As(err, &irregular):
		return nil, &TargetError{path, "is " + irregular.Kind()}
	case errors.Is(err, readfile.ErrTooLarge):
		return nil, &TargetError{path, fmt.Sprintf("is larger than %d MiB", MaxSize>>20)}
	}
	return data, err
}

// write writes data to a temporary file next to target, then calls place to move it. info describes the
// current target, or is nil.
func write(target string, info fs.FileInfo, data []byte, perm fs.FileMode, place func(temp string) error) (err error) {
	dir, base := filepath.Split(target)
	if dir == "" {
		dir = "."
	}
	f, err := os.CreateTemp(dir, "."+base+tempMark+"*")
	if err != nil {
		return err
	}
	temp := f.Name()
	defer func() {
		if err != nil {
			f.Close()
			os.Remove(temp)
		}
	}()
	if _, err = f.Write(data); err != nil {
		return err
	}
	if err = setAccess(f, info, perm); err != nil {
		return err
	}
	if err = f.Sync(); err != nil {
		return err
	}
	if err = f.Close(); err != nil {
		return err
	}
	if err = place(temp); err != nil {
		return err
	}
	sweep(dir, base)
	return syncDir(dir)
}

// create moves temp to target, which must not exist. A hard link, unlike a rename, never replaces a file.
func create(temp, target string) error {
	err := os.Link(temp, target)
	if err == nil {
		return os.Remove(temp)
	}
	if errors.Is(err, fs.ErrExist) {
		return ErrChanged
	}
	if _, err := os.Lstat(target); !errors.Is(err, fs.ErrNotExist) {
		return ErrChanged
	}
	return rename(temp, target) // a file system without hard links
}

// sweep removes files left by killed writers of base. Its errors are ignored.
func sweep(dir, base string) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return
	}
	for _, entry := range entries {
		digits, found := strings.CutPrefix(entry.Name(), "."+base+tempMark)
		if !found || digits == "" || strings.Trim(digits, "0123456789") != "" || !entry.Type().IsRegular() {
			continue
		}
		if info, err := entry.Info(); err == nil && time.Since(info.ModTime()) > tempMaxAge {
			os.Remove(filepath.Join(dir, entry.Name()))
		}
	}
}
