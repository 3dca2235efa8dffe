package podmanconfig

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
)

// newerFiles returns the files that newer programs read, in order (go.podman.io/storage, pkg/configfile).
func (p Place) newerFiles() ([]string, error) {
	files := []string{p.Named}
	if p.Named == "" {
		files = []string{p.newerMain()}
		dropIns, err := p.newerDropIns()
		if err != nil {
			return nil, err
		}
		files = append(files, dropIns...)
	}
	if p.Last != "" {
		files = append(files, p.Last)
	}
	return files, nil
}

// newerMain returns the first registries.conf that exists.
func (p Place) newerMain() string {
	for _, dir := range []string{p.newerUser(), p.Etc, p.Usr} {
		if path := filepath.Join(dir, mainName); dir != "" {
			if _, err := os.Stat(path); err == nil {
				return path
			}
		}
	}
	return filepath.Join(p.Etc, mainName)
}

// newerDropIns returns the drop-ins, sorted by name across directories. If several have the same name, only
// the most specific one counts, and the user's before all others.
func (p Place) newerDropIns() ([]string, error) {
	var dirs []string // the most important ones last
	for _, dir := range []string{p.Usr, p.Etc} {
		if dir == "" {
			continue
		}
		dirs = append(dirs, filepath.Join(dir, mainName+dropInSuffix))
		if p.UID == 0 {
			dirs = append(dirs, filepath.Join(dir, "registries.rootful.conf"+dropInSuffix))
		} else if rootless := filepath.Join(dir, "registries.rootless.conf"+dropInSuffix); p.UID > 0 {
			dirs = append(dirs, rootless, filepath.Join(rootless, strconv.Itoa(p.UID)))
		}
	}
	dirs = append(dirs, filepath.Dir(p.newerPath()))
	paths := map[string]string{} // by name
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir)
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, entry := range entries {
			if !entry.IsDir() && filepath.Ext(entry.Name()) == ".conf" {
				paths[entry.Name()] = filepath.Join(dir, entry.Name())
			}
		}
	}
	var files []string
	for _, name := range slices.Sorted(maps.Keys(paths)) {
		files = append(files, paths[name])
	}
	return files, nil
}
