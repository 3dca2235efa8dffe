package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ragenv/ragenv/internal/pathfault"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// ErrNoHome: neither the environment nor the system names a home directory.
var ErrNoHome = errors.New("no home directory: $HOME is not set")

// Paths are the paths that the programs use.
type Paths struct {
	Home       string
	ConfigFile string // config.toml
	Store      string // the file store's directory
	State      string // records, such as what `docker configure` replaced; no secrets
}

// FindPaths returns the paths, by the XDG Base Directory Specification on Unix and by %AppData% and
// %LocalAppData% on Windows. Error: ErrNoHome.
func FindPaths(getenv func(string) string) (Paths, error) {
	return pathsFor(runtime.GOOS, getenv, os.UserHomeDir)
}

// pathsFor calls lookUp if the environment does not name a home directory.
func pathsFor(goos string, getenv func(string) string, lookUp func() (string, error)) (Paths, error) {
	home := getenv("HOME")
	if goos == "windows" {
		home = getenv("USERPROFILE") // shells ported from Unix also set HOME, to a path in their own form
	}
	if home == "" {
		var err error
		if home, err = lookUp(); err != nil || home == "" {
			return Paths{}, ErrNoHome
		}
	}
	// dir returns the directory named by a variable. The XDG specification requires relative paths to be
	// ignored, because they would change with the current directory.
	dir := func(name string, fallback ...string) string {
		if named := getenv(name); isAbs(goos, named) {
			return named
		}
		return filepath.Join(append([]string{home}, fallback...)...)
	}
	if goos == "windows" {
		roaming, local := dir("AppData", "AppData", "Roaming"), dir("LocalAppData", "AppData", "Local")
		return Paths{
			Home:       home,
			ConfigFile: filepath.Join(roaming, "ragenv", "config.toml"),
			Store:      filepath.Join(local, "ragenv"),
			State:      filepath.Join(local, "ragenv", "state"),
		}, nil
	}
	return Paths{
		Home:       home,
		ConfigFile: filepath.Join(dir("XDG_CONFIG_HOME", ".config"), "ragenv", "config.toml"),
		Store:      filepath.Join(dir("XDG_DATA_HOME", ".local", "share"), "ragenv"),
		State:      filepath.Join(dir("XDG_STATE_HOME", ".local", "state"), "ragenv"),
	}, nil
}

// isAbs is filepath.IsAbs for the named system. On Windows an absolute path starts with a drive's root or a
// share; paths such as \dir and C:dir depend on the current drive or directory.
func isAbs(goos, path string) bool {
	if goos != "windows" {
		return strings.HasPrefix(path, "/")
	}
	path = strings.ReplaceAll(path, "/", `\`)
	return strings.HasPrefix(path, `\\`) || len(path) > 2 && path[1] == ':' && path[2] == '\\'
}

// Tilde abbreviates the home directory in a path, for display only: the result is no path to open or to quote.
func (p Paths) Tilde(path string) string {
	const separator = string(filepath.Separator)
	if rest, ok := strings.CutPrefix(path, filepath.Clean(p.Home)+separator); ok && p.Home != "" {
		return "~" + separator + rest
	}
	return path
}

// HomeHint returns a command that sets a home directory.
func HomeHint() string {
	if runtime.GOOS == "windows" {
		return shellquote.Set("USERPROFILE", `C:\Users\YOU`)
	}
	return pathfault.OwnHome
}
