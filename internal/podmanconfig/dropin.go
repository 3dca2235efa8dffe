package podmanconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/tomlquote"
)

// dropIn is a file that Configure writes.
type dropIn struct {
	path string
	old  []byte // nil if it does not exist
	text []byte // the new content; nil to leave it as it is
}

// readDropIn reads the current file. Errors: ErrEdited and those of atomicfile.
func readDropIn(path string) (dropIn, error) {
	old, err := atomicfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return dropIn{path: path}, nil
	}
	if err == nil && !isOurs(old) {
		err = fmt.Errorf("%s: %w", path, ErrEdited)
	}
	return dropIn{path: path, old: old}, err
}

// set sets the helpers to configure and the other files to record.
func (d *dropIn) set(helpers, also []string) {
	dirs := dirsMade(d.old)
	if d.old == nil {
		dirs = d.missingDirs()
	}
	if text := render(helpers, dirs, also); !bytes.Equal(text, d.old) {
		d.text = text
	}
}

func (d *dropIn) write() error {
	if d.text == nil {
		return nil
	}
	var err error
	dirs := 0
	if d.old == nil {
		dirs = d.missingDirs()
		err = os.MkdirAll(filepath.Dir(d.path), 0o700)
	}
	if err == nil {
		err = atomicfile.Replace(d.path, d.old, d.text, 0o644)
	}
	if err != nil {
		removeDirs(filepath.Dir(d.path), dirs)
	}
	return err
}

// restore restores the earlier file after an error.
func (d *dropIn) restore() error {
	switch {
	case d.text == nil:
		return nil
	case d.old != nil:
		return atomicfile.Replace(d.path, d.text, d.old, 0o644)
	}
	return dropIn{path: d.path, old: d.text}.remove()
}

func (d dropIn) remove() error {
	if d.old == nil {
		return nil
	}
	if err := atomicfile.Remove(d.path, d.old); err != nil {
		return err
	}
	removeDirs(filepath.Dir(d.path), dirsMade(d.old))
	return nil
}

func (d *dropIn) missingDirs() int {
	missing := 0
	for dir := filepath.Dir(d.path); missing < maxDirs; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing++
	}
	return missing
}

// removeDirs removes up to count empty directories, from the innermost outwards.
func removeDirs(dir string, count int) {
	for range count {
		if os.Remove(dir) != nil {
			return
		}
		dir = filepath.Dir(dir)
	}
}

// The text of the file around the setting. The number tells Unconfigure how many directories to remove.
const (
	head = "# Written by ragenv docker configure --podman; ragenv docker unconfigure removes it. See containers-registries.conf(5).\n"
	made = "# Directories made for this file: "
	also = "# Also in: " // followed by a TOML string

	maxDirs = 3 // .config/containers/registries.conf.d
)

func render(helpers []string, dirs int, files []string) []byte {
	var b strings.Builder
	b.WriteString(head + made + strconv.Itoa(dirs) + "\n")
	for _, file := range files {
		b.WriteString(also + tomlquote.String(file) + "\n")
	}
	b.WriteString(setting(helpers))
	return []byte(b.String())
}

func setting(helpers []string) string {
	return "credential-helpers = " + tomlquote.Array(helpers) + "\n"
}

// isOurs reports whether render could have written exactly this file.
func isOurs(text []byte) bool {
	var document struct {
		Helpers []string `toml:"credential-helpers"`
	}
	return toml.Unmarshal(text, &document) == nil && bytes.Equal(text, render(document.Helpers, dirsMade(text), alsoIn(text)))
}

// dirsMade returns the number of directories that Configure created.
func dirsMade(text []byte) int {
	_, rest, _ := strings.Cut(string(text), made)
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.ParseUint(line, 10, 8)
	if err != nil || n > maxDirs {
		return 0
	}
	return int(n)
}

// alsoIn returns the other files that a drop-in lists.
func alsoIn(text []byte) []string {
	var files []string
	for line := range strings.Lines(string(text)) {
		quoted, found := strings.CutPrefix(strings.TrimSuffix(line, "\n"), also)
		var document struct{ File string }
		if found && toml.Unmarshal([]byte("File = "+quoted), &document) == nil {
			files = append(files, document.File)
		}
	}
	return files
}
