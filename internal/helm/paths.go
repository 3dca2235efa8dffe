// Package helm is where Helm keeps what concerns NVIDIA's charts: its list of repositories, and the plugin by which it asks
// ragenv for them.
package helm

import (
	"errors"
	"path/filepath"
	"runtime"
)

// ErrNoHome: there is no home directory, so nothing says where Helm's files are.
var ErrNoHome = errors.New("no home directory: it is not known where Helm keeps its files")

// Paths says where Helm's files are, by Helm's own rules (helm help; helm.sh/helm, pkg/helmpath and pkg/cli).
type Paths struct {
	Plugins      string // the directory of plugins
	Repositories string // repositories.yaml
}

// FindPaths returns the paths by the environment. home is the user's home directory, "" if there is none.
func FindPaths(getenv func(string) string, home string) (Paths, error) {
	var p Paths
	var err error
	// HELM_PLUGINS may be a list: the first of it is written to.
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
