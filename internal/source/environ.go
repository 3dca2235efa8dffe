package source

import (
	"runtime"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/childenv"
	"github.com/ragenv/ragenv/internal/passphrase"
)

// envNested is set for each command, so that one which asks ragenv for the same kind of key does not
// recurse forever.
const envNested = "RAGENV_SOURCE"

func nested(environ []string) bool {
	return slices.ContainsFunc(environ, func(entry string) bool { return strings.HasPrefix(entry, envNested+"=") })
}

// Environ returns the part of the caller's environment that a command gets: what programs need to run at
// all (childenv.Pristine), and the variables that the config file names for it. So a directory's .envrc
// cannot redirect a vault's client. Variables that lead to the keychain's passphrase are dropped. If only
// is set, the result is limited to these names.
func Environ(named, environ, only []string) []string {
	fold := runtime.GOOS == "windows"
	pristine := childenv.Pristine(environ, fold)
	same := func(a, b string) bool { return a == b || fold && strings.EqualFold(a, b) }
	in := func(names []string, name string) bool {
		return slices.ContainsFunc(names, func(other string) bool { return same(name, other) })
	}
	result := []string{} // not nil, which os/exec replaces with this process's environment
	for _, entry := range environ {
		name, _, _ := strings.Cut(entry, "=")
		switch {
		case in(passphrase.Variables, name), same(name, passphrase.EnvBackupFile):
		case only != nil && !in(only, name):
		case in(named, name), slices.Contains(pristine, entry):
			result = append(result, entry)
		}
	}
	return result
}
