package source

import (
	"runtime"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/childenv"
	"github.com/ragenv/ragenv/internal/passphrase"
)

// envNested is set for each command, so that one which asks ragenv for a key of its own kind does not go on for ever.
const envNested = "RAGENV_SOURCE"

func nested(environ []string) bool {
	return slices.ContainsFunc(environ, func(entry string) bool { return strings.HasPrefix(entry, envNested+"=") })
}

// Environ returns of the caller's environment what a command gets: what programs need to run at all (childenv.Pristine), and the
// variables that the config file names for it. A directory's .envrc so cannot send a vault's client elsewhere. What leads to the
// keychain's passphrase is dropped. With only, nothing else than these names is returned.
func Environ(named, environ, only []string) []string {
	fold := runtime.GOOS == "windows"
	pristine := childenv.Pristine(environ, fold)
	same := func(a, b string) bool { return a == b || fold && strings.EqualFold(a, b) }
	in := func(names []string, name string) bool {
		return slices.ContainsFunc(names, func(other string) bool { return same(name, other) })
	}
	result := []string{} // never nil, which os/exec takes for this process's own environment
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case in([]string{passphrase.EnvValue, passphrase.EnvFile, passphrase.EnvBackupFile, passphrase.EnvCredentials}, name):
		case only != nil && !in(only, name):
		case in(named, name), slices.Contains(pristine, entry):
			result = append(result, entry)
		}
	}
	return result
}
