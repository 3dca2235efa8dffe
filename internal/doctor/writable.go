package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"syscall"

	"github.com/ragenv/ragenv/internal/pathfault"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// minRoom is the free space, in bytes, below which a disk counts as full. A changed file is written next to the
// one it replaces.
const minRoom = 64 << 10

// writable checks that the files of Docker and ragenv can be changed. On a disk that is full, or read-only after
// a fault, pulls still work, and nobody notices until the next login or rotation.
func (w *World) writable(context.Context) Result {
	shown := func(dirs []string) string { return w.tildes(strings.Join(dirs, ", ")) }
	var f findings
	var readOnly, full []string
	items := filepath.Join(w.Paths.Store, "items") // on the disk of the directory above
	for _, dir := range w.written() {
		at := existing(dir)
		err := canWrite(at)
		switch {
		case dir == items && !errors.Is(err, fs.ErrPermission):
		case errors.Is(err, syscall.EROFS):
			readOnly = append(readOnly, dir)
		case errors.Is(err, fs.ErrPermission):
			info, statErr := os.Stat(at)
			if statErr != nil {
				continue
			}
			if _, ours := ownership(info); ours { // file-owners reports the others
				f.add(Warning, pathfault.Hint(dir, true), "%s cannot be written (mode %04o)", w.Paths.Tilde(at), info.Mode().Perm())
			}
		case err == nil && hasLessThan(at, minRoom):
			full = append(full, dir)
		}
	}
	if len(readOnly) > 0 {
		f.add(Warning, "unless that is intended, make it writable; to see which disk it is: df "+shellquote.Word(existing(readOnly[0])),
			"on a read-only file system: %s; stored keys can be used, but not changed", shown(readOnly))
	}
	if len(full) > 0 {
		f.add(Warning, "free some space; to see which disk it is: df "+shellquote.Word(existing(full[0])), "on a full disk: %s", shown(full))
	}
	return f.result(Result{OK, "the files of ragenv and Docker can be changed", ""})
}

// written returns the directories in which ragenv and Docker write files.
func (w *World) written() []string {
	docker := w.dockerConfigPath()
	if target, err := filepath.EvalSymlinks(docker); err == nil {
		docker = target // a link is kept, and its target replaced
	}
	dirs := []string{filepath.Dir(docker), filepath.Dir(w.Paths.ConfigFile), w.Paths.State}
	if w.Config != nil && w.backend() == keychain.BackendFile {
		dirs = append(dirs, w.Paths.Store, filepath.Join(w.Paths.Store, "items"))
	}
	return slices.DeleteFunc(dirs, func(dir string) bool { return !filepath.IsAbs(dir) })
}

// existing returns path or its nearest ancestor that exists.
func existing(path string) string {
	for {
		if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) || path == filepath.Dir(path) {
			return path
		}
		path = filepath.Dir(path)
	}
}
