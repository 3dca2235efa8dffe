package keyfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
)

// Temporary is a directory of files with mode 0600, for systems without files in memory.
type Temporary struct {
	dir  string
	n    int
	held *os.File // nil on Windows
}

// TemporaryPrefix begins the names of the directories.
const TemporaryPrefix = "ragenv-files-"

// NewTemporary creates a directory that only this user can read. It is below $XDG_RUNTIME_DIR, which is in
// memory, if that exists and is writable, and otherwise in the default temporary directory.
func NewTemporary(getenv func(string) string) (*Temporary, error) {
	parent := getenv("XDG_RUNTIME_DIR")
	if info, err := os.Stat(parent); parent == "" || err != nil || !info.IsDir() {
		parent = ""
	}
	dir, err := os.MkdirTemp(parent, TemporaryPrefix)
	if err != nil && parent != "" && errors.Is(err, fs.ErrPermission) {
		dir, err = os.MkdirTemp("", TemporaryPrefix)
	}
	if err != nil {
		return &Temporary{}, err
	}
	held, err := hold(dir)
	if err != nil {
		_ = os.Remove(dir)
	}
	return &Temporary{dir: dir, held: held}, err
}

// Create writes content to a new file and returns its path.
func (t *Temporary) Create(content []byte) (string, error) {
	t.n++
	path := filepath.Join(t.dir, strconv.Itoa(t.n))
	return path, os.WriteFile(path, content, 0o600)
}

// Remove removes the directory and its files.
func (t *Temporary) Remove() error {
	err := os.RemoveAll(t.dir)
	if t.held != nil {
		_ = t.held.Close()
	}
	return err
}
