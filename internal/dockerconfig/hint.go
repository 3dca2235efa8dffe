package dockerconfig

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ragenv/ragenv/internal/pathfault"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// Hint returns a command that may help if config.json at path cannot be read or written, or "". It chooses
// by the path that failed, and never suggests a command that loses a login.
func Hint(path string, err error) string {
	var syntax *SyntaxError
	var fault Fault
	var at *fs.PathError
	switch {
	case errors.As(err, &syntax):
		return shellquote.Edit(path, syntax.Line)
	case errors.As(err, &fault):
		return fault.Hint()
	case errors.Is(err, syscall.EBUSY): // a file that is its own mount cannot be replaced
		return "mount " + shellquote.Word(filepath.Dir(path)) + " in place of the file; ragenv docker configure --dry-run shows the edit"
	case errors.As(err, &at) && at.Op == "mkdir" && !strings.HasPrefix(path, at.Path+string(filepath.Separator)):
		return "" // the directory of another file, such as UndoFile
	case !errors.Is(err, fs.ErrPermission) && !errors.Is(err, syscall.EROFS):
		return pathfault.Hint(path, false)
	}
	target, linkErr := filepath.EvalSymlinks(path)
	isLink := linkErr == nil && target != path && !sameDir(target, path)
	switch {
	case errors.Is(err, syscall.EROFS) && errors.As(err, &at) && filepath.Dir(at.Path) != filepath.Dir(path) && filepath.Dir(at.Path) != filepath.Dir(target):
		return "" // the directory of another file, such as UndoFile
	case isLink: // a read-only dotfiles directory: replace the link with a copy
		copied := shellquote.Word(path + ".new")
		return "cp " + shellquote.Word(target) + " " + copied + " && chmod 600 " + copied + " && mv " + copied + " " + shellquote.Word(path)
	case errors.Is(err, syscall.EROFS):
		return "choose a directory that can be written: " + shellquote.Set("DOCKER_CONFIG", "DIR")
	}
	for _, place := range []struct {
		path      string
		directory bool
	}{{path, false}, {filepath.Dir(path), true}} { // a file is replaced by a rename in its directory
		if hint := pathfault.Hint(place.path, place.directory); hint != "" {
			return hint
		}
	}
	if file, openErr := os.Open(path); openErr == nil { // the file is readable, so the directory is not writable
		_ = file.Close()
	} else if errors.Is(openErr, fs.ErrPermission) {
		if _, statErr := os.Stat(path); statErr == nil {
			return `sudo chown "$(id -un)" ` + shellquote.Word(path) + " && chmod 600 " + shellquote.Word(path)
		}
	}
	return `sudo chown "$(id -un)" ` + shellquote.Word(filepath.Dir(path))
}

// sameDir reports whether two paths have the same name in the same directory, after resolving links.
func sameDir(a, b string) bool {
	x, errA := os.Stat(filepath.Dir(a))
	y, errB := os.Stat(filepath.Dir(b))
	return errA == nil && errB == nil && os.SameFile(x, y) && filepath.Base(a) == filepath.Base(b)
}

// Hint returns a command that opens the file at the fault, or removes the fault.
func (f Fault) Hint() string {
	if f.BOM {
		return "ragenv docker configure"
	}
	return shellquote.Edit(f.Path, f.Line)
}
