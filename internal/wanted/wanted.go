// Package wanted decides whether a missing key matters here. For example, not everybody uses CyborgDB.
package wanted

import (
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/secrets"
)

// Reach defines where to search for uses of a key.
type Reach struct {
	Dir      string                 // the current directory; empty if there is none
	Command  []string               // the command to run; its arguments may name Compose files
	Getenv   func(string) string    // the environment
	Required []string               // from the config file
	Unused   []string               // from the config file
	Stored   func(name string) bool // reports whether a profile has the key
}

// Limits of the search.
const (
	maxFiles = 30
	maxFile  = 1 << 20 // bytes
)

// Uses reports whether a known key is used here, so that its absence is worth a warning. A key that is not
// optional always is. An optional key is used if it is stored or set, if the config file requires it, or if
// a Compose file in reach names it and the config file does not list it as unused.
func (r Reach) Uses(known secrets.Secret) bool {
	switch {
	case !known.Optional || slices.Contains(r.Required, known.Name):
		return true
	case slices.Contains(r.Unused, known.Name):
		return false
	}
	return r.Getenv(known.Name) != "" || r.Stored(known.Name) || r.composeNames(known.Name)
}

// composeNames reports whether a Compose file in reach names a variable.
func (r Reach) composeNames(variable string) bool {
	names := lazyregexp.New(`\b` + variable + `\b`) // usually there is no Compose file
	read := 0
	for _, path := range r.composeFiles() {
		text, err := readfile.Read(path, 0, maxFile)
		if err == nil && names().Match(text) {
			return true
		}
		if err == nil {
			read++
		}
		if read == maxFiles {
			break
		}
	}
	return false
}

// composeFiles returns the files that COMPOSE_FILE and the command name, and those in the current
// directory, in the Blueprint's directory below it, and in its parent directories, which Compose searches
// too.
func (r Reach) composeFiles() (paths []string) {
	add := func(path string) {
		if !filepath.IsAbs(path) {
			if r.Dir == "" {
				return
			}
			path = filepath.Join(r.Dir, path)
		}
		if !slices.Contains(paths, path) {
			paths = append(paths, path)
		}
	}
	separator := string(os.PathListSeparator)
	if other := r.Getenv("COMPOSE_PATH_SEPARATOR"); other != "" {
		separator = other
	}
	for path := range strings.SplitSeq(r.Getenv("COMPOSE_FILE"), separator) {
		if path != "" {
			add(path)
		}
	}
	for _, word := range r.Command {
		if _, value, ok := strings.Cut(word, "="); ok && strings.HasPrefix(word, "-") {
			word = value
		}
		if isYAML(word) {
			add(word)
		}
	}
	if r.Dir == "" {
		return paths
	}
	for dir := r.Dir; ; dir = filepath.Dir(dir) {
		for _, name := range []string{"compose.yaml", "compose.yml", "docker-compose.yaml", "docker-compose.yml"} {
			add(filepath.Join(dir, name))
		}
		if dir == filepath.Dir(dir) {
			break
		}
	}
	for _, dir := range []string{r.Dir, filepath.Join(r.Dir, "deploy", "compose")} {
		entries, _ := os.ReadDir(dir)
		for _, entry := range entries {
			if name := entry.Name(); isYAML(name) && (strings.HasPrefix(name, "compose") || strings.HasPrefix(name, "docker-compose")) {
				add(filepath.Join(dir, name))
			}
		}
	}
	return paths
}

func isYAML(name string) bool {
	return strings.HasSuffix(name, ".yaml") || strings.HasSuffix(name, ".yml")
}
