package helm

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
)

const (
	// pluginName is the plugin's name, and that of its directory.
	pluginName = "ragenv-ngc"
	// program is the name of the link to ragenv in the plugin's directory.
	program    = "ragenv"
	definition = "plugin.yaml"
)

// pluginYAML defines the plugin in the form of Helm 3, which Helm 4 takes too (helm.sh/helm, internal/plugin, MetadataLegacy).
// Helm 4's own form would stop Helm 3: that reads every plugin, strictly, at every start. Both start
// DIRECTORY/ragenv helm fetch CERTFILE KEYFILE CAFILE URL, and take the file from its standard output.
const pluginYAML = `# written by ragenv helm configure
name: "` + pluginName + `"
version: "1.0.0"
usage: "charts of helm.ngc.nvidia.com with the key that ragenv keeps"
description: "charts of helm.ngc.nvidia.com with the key that ragenv keeps"
downloaders:
- command: "` + program + ` helm fetch"
  protocols:
  - "ngc"
`

// ErrForeign: another plugin has the directory.
var ErrForeign = errors.New("is not a plugin that ragenv wrote")

// State is what is installed.
type State string

// The states.
const (
	Absent State = "absent"
	Broken State = "broken" // its link leads nowhere, or its definition is not this version's
	Ready  State = "ready"
)

// Plugin is ragenv's getter plugin for ngc:// in one directory of plugins.
type Plugin struct{ Dir string }

// In returns the plugin of a directory of plugins, installed or not.
func In(plugins string) Plugin { return Plugin{filepath.Join(plugins, pluginName)} }

// Program returns the path of the link to ragenv.
func (p Plugin) Program() string { return filepath.Join(p.Dir, program) }

// State reports what is installed, and the program that its link names.
func (p Plugin) State() (State, string, error) {
	text, err := os.ReadFile(filepath.Join(p.Dir, definition))
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return Absent, "", nil
	case err != nil:
		return "", "", err
	case !ours(text):
		return "", "", fmt.Errorf("%s %w", p.Dir, ErrForeign)
	}
	target, err := os.Readlink(p.Program())
	if err != nil {
		return Broken, "", nil //nolint:nilerr // it is missing, or no link
	}
	if _, err := os.Stat(p.Program()); err != nil || string(text) != pluginYAML {
		return Broken, target, nil //nolint:nilerr // the link leads nowhere
	}
	return Ready, target, nil
}

// Install writes the plugin, for the ragenv at that path, in place of an earlier one of ours. It reports whether anything had
// to be written.
func (p Plugin) Install(ragenv string) (changed bool, err error) {
	state, target, err := p.State()
	if err != nil || state == Ready && target == ragenv {
		return false, err
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return false, err
	}
	if err := os.Remove(p.Program()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.Symlink(ragenv, p.Program()); err != nil {
		return false, err
	}
	// Last: what Helm finds is whole.
	return true, atomicfile.Write(filepath.Join(p.Dir, definition), []byte(pluginYAML), 0o644)
}

// Remove takes the plugin away, and nothing else that is in its directory. It reports whether there was one.
func (p Plugin) Remove() (bool, error) {
	state, _, err := p.State()
	if err != nil || state == Absent {
		return false, err
	}
	for _, path := range []string{filepath.Join(p.Dir, definition), p.Program()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	_ = os.Remove(p.Dir) // unless something else is there
	return true, nil
}

func ours(text []byte) bool { return strings.HasPrefix(string(text), "# written by ragenv ") }
