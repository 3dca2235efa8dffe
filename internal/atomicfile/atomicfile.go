// Package atomicfile replaces small files such that a crash at any instant leaves the old content or the new one, whole.
//
// The new content goes into a temporary file of mode 0600 next to the target, is brought to the disk, and is renamed over the
// target. A symbolic link stays one: the file it leads to is replaced. What a rename cannot keep is lost: other hard links
// to the old file, extended attributes and access control lists.
//
// A temporary file is called ".NAME.tmp-DIGITS". One that a killed process left behind is removed by a later write of the
// same NAME, once it is an hour old.
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

	"github.com/ragenv/ragenv/internal/readfile"
)

const (
	// MaxSize is the size, in bytes, above which Read refuses a file.
	MaxSize = 8 << 20

	maxLinks   = 40 // as Linux allows on the way to a file
	tempMark   = ".tmp-"
	tempMaxAge = time.Hour
)

// ErrChanged, matched with errors.Is: the file is no longer what the caller read. Nothing was written; read it again.
var ErrChanged = errors.New("the file was changed by another program meanwhile")

// TargetError reports a path that is not to be written, or not to be read, because of what it is.
type TargetError struct {
	Path   string // the file or link at fault, which may be what the given path leads to
	Reason string // such as "is a directory"
}

func (e *TargetError) Error() string { return e.Path + " " + e.Reason }

// Read returns the content of the regular file at path, or at the end of its symbolic links. A missing file gives an
// error that is fs.ErrNotExist; anything but a regular file of at most MaxSize, a dangling link, and a link that Write would
// refuse give a *TargetError.
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

// Write makes data the content of path. An existing file keeps its mode and, where the system permits, its owner and group;
// a new one gets exactly perm. The directory must exist. A path that is no regular file gives
// a *TargetError, as does a dangling link, and, for root, a link in which another user has a hand.
func Write(path string, data []byte, perm fs.FileMode) error {
	target, info, err := resolve(path)
	if err != nil {
		return err
	}
	return write(target, info, data, perm, func(temp string) error { return rename(temp, target) })
}

// Replace is Write on the condition that the file still holds old, byte for byte; a nil old means that there is no file yet.
// Otherwise the error is ErrChanged. Callers of this function exclude each other on Unix, by a lock on the directory.
// On Linux what another program wrote is noticed at any moment, and stands there again two system calls later; elsewhere it can slip in
// between the last comparison and the rename, which are one system call apart. Creating a file has no such gap where hard links exist.
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

// swap puts temp in target's place if that is the file before, and holds old. The two change places, so that what came between the
// last comparison and this is seen, and put back.
//
// Who reads the file while the two are the wrong way round does not see what came between. So that lasts for two system calls only: which
// file it is says more quickly than what it holds that it is another one.
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
	// Back. While ours stood there, the other program may have written again: then that is what belongs there.
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

// Remove deletes the file on the condition that it still holds old; otherwise the error is ErrChanged. A symbolic link is
// not removed: what it leads to is.
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

// guarded runs do under the directory's lock, with the file's real place and a check that it still holds old.
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

// resolve follows path to the file itself. The info is nil if there is none yet; a link must lead to one.
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

// write puts data into a temporary file next to target, which place then brings there. info is of the present target, or nil.
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

// create places temp as target, which must not exist: a hard link never replaces a file, a rename does.
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

// sweep removes what killed writers of base left behind. Failure to do so is no failure of the write.
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
