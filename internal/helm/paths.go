// Package helm finds Helm's list of repositories and installs the plugin through which Helm gets NVIDIA's
// charts from ragenv.
package helm

import (
	"errors"
	"path/filepath"
	"runtime"
)

// ErrNoHome means that there is no home directory, so the location of Helm's files is unknown.
var ErrNoHome = errors.New("no home directory: it is not known where Helm keeps its files")

// Paths are the locations of Helm's files, by Helm's own rules (helm help; helm.sh/helm, pkg/helmpath and
// pkg/cli).
type Paths struct {
	Plugins      string // the plugins directory
	Repositories string // repositories.yaml
}

// FindPaths returns the paths for this environment. home is the user's home directory, "" if there is none.
// Error: ErrNoHome.
func FindPaths(getenv func(string) string, home string) (Paths, error) {
	var p Paths
	var err error
	// HELM_PLUGINS may be a list. Helm installs plugins into the first directory.
	if list := filepath.SplitList(getenv("HELM_PLUGINS")); len(list) > 0 && list[0] != "" {
		p.Plugins = list[0]
	} else if p.Plugins, err = directory(getenv, home, "HELM_DATA_HOME", "XDG_DATA_HOME", ".local/share", "Library"); err != nil {
		return Paths{}, err
	} else {
		p.Plugins = filepath.Join(p.Plugins, "plugins")
	}
	if p.Repositories = getenv("HELM_REPOSITORY_CONFIG"); p.Repositories == "" {
		dir, err := directory(getenv, home, "HELM_CONFIG_HOME", "XDG_CONFIG_HOME", ".config", "Library/Preferences")
		if err != nil {
			return Paths{}, err
		}
		p.Repositories = filepath.Join(dir, "repositories.yaml")
	}
	return p, nil
}

func directory(getenv func(string) string, home, own, xdg, unix, darwin string) (string, error) {
	if dir := getenv(own); dir != "" {
		return dir, nil
	}
	if dir := getenv(xdg); dir != "" {
		return filepath.Join(dir, "helm"), nil
	}
	if runtime.GOOS == "windows" {
		if dir := getenv("APPDATA"); dir != "" {
			return filepath.Join(dir, "helm"), nil
		}
		return "", ErrNoHome
	}
	if home == "" {
		return "", ErrNoHome
	}
	if runtime.GOOS == "darwin" {
		unix = darwin
	}
	return filepath.Join(home, filepath.FromSlash(unix), "helm"), nil
}
