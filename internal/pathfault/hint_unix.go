//go:build unix

package pathfault

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// Hint returns a command that makes path, a directory or a file, usable for this user, or "" if no command is
// known. The command loses nothing: it renames what is in the way.
func Hint(path string, directory bool) string {
	path, err := filepath.Abs(path)
	if err != nil {
		return ""
	}
	for _, part := range parts(path) {
		last := part == path
		info, err := os.Lstat(part)
		switch {
		case errors.Is(err, fs.ErrPermission), errors.Is(err, fs.ErrNotExist):
			return permit(filepath.Dir(part), true)
		case err != nil:
			return ""
		}
		if info.Mode()&fs.ModeSymlink != 0 {
			target, err := os.Stat(part)
			if errors.Is(err, fs.ErrNotExist) {
				return dangling(part, !last || directory)
			}
			if err != nil {
				return ""
			}
			info = target
		}
		if wanted := !last || directory; info.IsDir() != wanted {
			return aside(part)
		}
	}
	return permit(path, directory)
}

// parts returns the ancestors of an absolute path from the top, without the root, and the path itself.
func parts(path string) []string {
	if parent := filepath.Dir(path); parent != path {
		return append(parts(parent), path)
	}
	return nil
}

// aside returns the command that renames path to a name that is free.
func aside(path string) string {
	if dir := filepath.Dir(path); !usable(dir, true) {
		return permit(dir, true)
	}
	name := path + ".old"
	for n := 2; ; n++ {
		if _, err := os.Lstat(name); errors.Is(err, fs.ErrNotExist) {
			return "mv " + shellquote.Word(path) + " " + shellquote.Word(name)
		}
		name = path + ".old" + strconv.Itoa(n)
	}
}

// LinkHint returns the command that replaces a symbolic link by the directory it points to, or removes what is
// in the place of a directory; "" if it is neither.
func LinkHint(path string) string {
	info, err := os.Lstat(path)
	if err != nil || info.IsDir() {
		return ""
	}
	target, err := filepath.EvalSymlinks(path)
	if info.Mode()&fs.ModeSymlink == 0 || err != nil {
		return aside(path)
	}
	if to, err := os.Stat(target); err != nil || !to.IsDir() || !usable(filepath.Dir(target), true) {
		return aside(path)
	}
	return "rm " + shellquote.Word(path) + " && mv " + shellquote.Word(target) + " " + shellquote.Word(path)
}

// Nearby returns the command that lists where a file was searched for.
func Nearby(path string) string { return "ls -A " + shellquote.Word(existing(filepath.Dir(path))) }

// existing returns path or its nearest ancestor that exists.
func existing(path string) string {
	for {
		if _, err := os.Lstat(path); err == nil || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}

// dangling returns the command that creates the target of a symbolic link, or renames the link if this user
// cannot create the target.
func dangling(link string, directory bool) string {
	target, err := os.Readlink(link)
	if err != nil {
		return ""
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(filepath.Dir(link), target)
	}
	parent := filepath.Dir(target)
	above := existing(parent)
	info, err := os.Stat(above)
	switch {
	case err != nil || !info.IsDir() || !usable(above, true):
		return aside(link)
	case directory:
		return "mkdir -p " + shellquote.Word(target)
	case above == parent:
		return "touch " + shellquote.Word(target)
	}
	return "mkdir -p " + shellquote.Word(parent) + " && touch " + shellquote.Word(target)
}
