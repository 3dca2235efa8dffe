package config

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
)

// ErrNoHome: neither the environment nor the system tells where the person's files lie.
var ErrNoHome = errors.New("no home directory: $HOME is not set")

// Paths are the places the programs use.
type Paths struct {
	Home       string
	ConfigFile string // config.toml
	Store      string // the file store's directory
	State      string // records such as what `docker configure` replaced; no secrets
}

// FindPaths returns the places by the XDG Base Directory Specification on Unix, and by %AppData% and %LocalAppData% on
// Windows. Errors: ErrNoHome.
func FindPaths(getenv func(string) string) (Paths, error) {
	home := getenv("HOME")
	if runtime.GOOS == "windows" {
		home = getenv("USERPROFILE")
	}
	return pathsFor(runtime.GOOS, home, getenv)
}

func pathsFor(goos, home string, getenv func(string) string) (Paths, error) {
	if home == "" {
		var err error
		if home, err = os.UserHomeDir(); err != nil || home == "" {
			return Paths{}, ErrNoHome
		}
	}
	if goos == "windows" {
		roaming, local := getenv("AppData"), getenv("LocalAppData")
		if roaming == "" {
			roaming = filepath.Join(home, "AppData", "Roaming")
		}
		if local == "" {
			local = filepath.Join(home, "AppData", "Local")
		}
		return Paths{
			Home:       home,
			ConfigFile: filepath.Join(roaming, "ragenv", "config.toml"),
			Store:      filepath.Join(local, "ragenv"),
			State:      filepath.Join(local, "ragenv", "state"),
		}, nil
	}
	return Paths{
		Home:       home,
		ConfigFile: filepath.Join(xdg(getenv, "XDG_CONFIG_HOME", home, ".config"), "ragenv", "config.toml"),
		Store:      filepath.Join(xdg(getenv, "XDG_DATA_HOME", home, ".local", "share"), "ragenv"),
		State:      filepath.Join(xdg(getenv, "XDG_STATE_HOME", home, ".local", "state"), "ragenv"),
	}, nil
}
