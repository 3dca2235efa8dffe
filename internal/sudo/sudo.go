// Package sudo tells when a key is missing only because sudo changed whose home is looked into.
package sudo

import (
	"errors"
	"fmt"
	"os"
	"os/user"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// What sudo(8) sets: the name of who called it, and the number.
const (
	EnvUser = "SUDO_USER"
	EnvUID  = "SUDO_UID"
)

// Caller is who called sudo.
type Caller struct {
	Name string
	// Home is the caller's home directory, in which the programs' files were found.
	Home string
}

// KeysElsewhere reports whether this process runs under sudo on behalf of a user whose own home holds a store or a
// configuration of this program, while it looks into used, another one. False whenever that cannot be known.
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
	// sudo drops the caller's XDG variables, so only the usual places can be looked into.
	paths, err := config.FindPaths(func(variable string) string {
		if variable == "HOME" {
			return home
		}
		return ""
	})
	if err != nil || paths.Store == used.Store {
		return Caller{}, false
	}
	if !keychain.FileStoreExists(paths.Store) && !exists(paths.ConfigFile) {
		return Caller{}, false
	}
	return Caller{Name: name, Home: home}, true
}

// Sentence says where keys were looked for and where they are.
func (c Caller) Sentence(used config.Paths) string {
	return fmt.Sprintf("sudo uses the home %s, but the keys of %s are in %s", used.Home, c.Name, c.Home)
}

// Explain adds to an error that sudo is its cause: "sudo -E" and the like keep HOME, so that root looks into the caller's store,
// which it must not trust. False, and the error as it is, where it has another cause.
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
