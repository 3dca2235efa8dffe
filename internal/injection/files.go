package injection

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/keyfile"
	"github.com/ragenv/ragenv/internal/memfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
)

// fileNames returns the names of the keys that go into files, without duplicates.
func fileNames(specs []keyfile.Spec) []string {
	var names []string
	for _, spec := range specs {
		if !slices.Contains(names, spec.Name) {
			names = append(names, spec.Name)
		}
	}
	return names
}

// intoFiles puts keys from env into files that create writes, and sets each spec's variable to the path. It
// removes the keys and their aliases from the environment, except names in only.
func intoFiles(s *session.Session, specs []keyfile.Spec, env, only []string, create func([]byte) (string, error)) ([]string, error) {
	aliases := s.Aliases()
	var paths []string
	for _, spec := range specs {
		value := inherited(env, spec.Name)
		if value == "" {
			names := []string{spec.Name}
			return nil, s.Absent(notSet(names), names, names, "run --file "+spec.Variable+"=NAME:"+spec.Format+" -- COMMAND")
		}
		key := keyfile.Key{Name: spec.Name, Value: value}
		if spec.Format == "helm-repositories" {
			repositories, err := helmRepositories(s)
			if err != nil {
				return nil, err
			}
			key.Repositories = repositories
		}
		content, err := keyfile.Render(spec.Format, key)
		if err != nil {
			return nil, ui.Errorf("ragenv run --help", "--file: %w", err)
		}
		path, err := create(content)
		if errors.Is(err, memfile.ErrUnsupported) {
			return nil, ui.Errorf("ragenv --temp-files --file "+spec.Variable+"="+spec.Name+":"+spec.Format+" -- COMMAND", "--file: %w", err)
		}
		if err != nil {
			return nil, err
		}
		paths = append(paths, spec.Variable+"="+path)
	}
	gone := func(name string) bool {
		return slices.ContainsFunc(specs, func(spec keyfile.Spec) bool {
			named := func(n string) bool { return sameVariable(n, name) }
			return named(spec.Variable) || (named(spec.Name) || slices.ContainsFunc(aliases[spec.Name], named)) && !slices.ContainsFunc(only, named)
		})
	}
	env = slices.DeleteFunc(slices.Clone(env), func(entry string) bool {
		name, _, _ := strings.Cut(entry, "=")
		return gone(name)
	})
	return append(env, paths...), nil
}

// sameVariable compares variable names as the operating system does.
func sameVariable(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

// helmRepositories returns Helm's list of repositories, nil if there is none.
func helmRepositories(s *session.Session) ([]byte, error) {
	paths, err := s.HelmPaths()
	if err != nil {
		return nil, err
	}
	data, err := readSettings(paths.Repositories)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
