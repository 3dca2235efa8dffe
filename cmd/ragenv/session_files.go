package main

import (
	"errors"
	"io/fs"
	"runtime"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/keyfile"
	"github.com/ragenv/ragenv/internal/memfile"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
)

const fileExample = "ragenv --file KEY_FILE=" + secrets.NGCAPIKey + ` -- sh -c 'wc -c "$KEY_FILE"'`

// parseFiles reads the values of --file.
func parseFiles(c *cli.Context, texts []string) ([]keyfile.Spec, error) {
	var specs []keyfile.Spec
	for _, text := range texts {
		spec, err := keyfile.ParseSpec(text)
		switch {
		case errors.Is(err, keyfile.ErrUnknownFormat):
			return nil, ui.Usagef(fileExample, "--file: the format is one of %s", strings.Join(keyfile.Formats(), ", "))
		case err != nil:
			return nil, ui.Usagef(fileExample, "--file is %w", err)
		}
		if err := envName(c, spec.Name); err != nil {
			return nil, err
		}
		if !secrets.ValidName(spec.Variable) || secrets.LooksLikeKey(spec.Variable) || strings.HasPrefix(spec.Variable, "RAGENV_") {
			return nil, ui.Usagef(fileExample, "--file: what stands before = is no name for a variable of the command")
		}
		if slices.ContainsFunc(specs, func(other keyfile.Spec) bool { return other.Variable == spec.Variable }) {
			return nil, ui.Usagef(commandline.HelpHint(c), "--file: %s is given twice", spec.Variable)
		}
		specs = append(specs, spec)
	}
	return specs, nil
}

// fileNames are the keys that go into files.
func fileNames(specs []keyfile.Spec) []string {
	var names []string
	for _, spec := range specs {
		if !slices.Contains(names, spec.Name) {
			names = append(names, spec.Name)
		}
	}
	return names
}

// intoFiles puts keys of an environment into files, and takes them, and the variables that follow them, out of it, but for
// those that only names. create returns the path of a file with that content.
func (s *session) intoFiles(specs []keyfile.Spec, env, only []string, create func([]byte) (string, error)) ([]string, error) {
	aliases := s.aliases()
	var paths []string
	for _, spec := range specs {
		value := inherited(env, spec.Name)
		if value == "" {
			return nil, s.withoutKeys("ragenv set"+s.forProfile()+" "+spec.Name, "%s is not set%s", spec.Name, s.inProfile())
		}
		key := keyfile.Key{Name: spec.Name, Value: value}
		if spec.Format == "helm-repositories" {
			repositories, err := s.helmRepositories()
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

// sameVariable compares names as the system does.
func sameVariable(a, b string) bool {
	return a == b || runtime.GOOS == "windows" && strings.EqualFold(a, b)
}

// helmRepositories returns Helm's list of repositories; nil if there is none.
func (s *session) helmRepositories() ([]byte, error) {
	paths, err := s.helmPaths()
	if err != nil {
		return nil, err
	}
	data, err := readSettings(paths.Repositories)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return data, err
}
