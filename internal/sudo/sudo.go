// Package sudo detects that a key is missing only because sudo changed the home directory, and adapts hints to
// systems without sudo.
package sudo

import (
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Variables that sudo(8) sets: the caller's name and user ID.
const (
	EnvUser = "SUDO_USER"
	EnvUID  = "SUDO_UID"
)

// Caller is the user who called sudo.
type Caller struct {
	Name string
	// Home is the caller's home directory, where the program's files were found.
	Home string
}

// KeysElsewhere reports whether this process runs under sudo for a user whose home has a keychain or a
// configuration of this program, while used is elsewhere. It is false if that cannot be determined.
func KeysElsewhere(getenv func(string) string, used config.Paths) (Caller, bool) {
	return keysElsewhere(getenv, used, func(name string) (string, error) {
		u, err := user.Lookup(name)
		if err != nil {
			return "", err
		}
		return u.HomeDir, nil
	})
}

func keysElsewhere(getenv func(string) string, used config.Paths, homeOf func(string) (string, error)) (Caller, bool) {
	name := getenv(EnvUser)
	if name == "" {
		return Caller{}, false
	}
	home, err := homeOf(name)
	if err != nil || home == "" || home == used.Home {
		return Caller{}, false
	}
	// sudo drops the caller's XDG variables, so only the default locations can be checked.
	paths, err := config.FindPaths(func(variable string) string {
		if variable == "HOME" {
			return home
		}
		return ""
	})
	if err != nil || paths.Store == used.Store {
		return Caller{}, false
	}
	// Without exists, a home that this user cannot read would count.
	if !(exists(paths.Store) && keychain.FileStoreExists(paths.Store)) && !exists(paths.ConfigFile) {
		return Caller{}, false
	}
	return Caller{Name: name, Home: home}, true
}

// Sentence says where the program searched for keys and where they are.
func (c Caller) Sentence(used config.Paths) string {
	return fmt.Sprintf("sudo uses the home %s, but the keys of %s are in %s", used.Home, c.Name, c.Home)
}

// Explain adds to an error that sudo caused it: "sudo -E" and similar keep HOME, so root uses the caller's
// file store, which it must not trust. It returns false and the unchanged error for any other cause.
func Explain(getenv func(string) string, err error) (error, bool) {
	var insecure *keychain.InsecureError
	if !errors.As(err, &insecure) || !Owns(getenv, insecure.Path) {
		return err, false
	}
	return fmt.Errorf("%w, because of sudo", err), true
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}
