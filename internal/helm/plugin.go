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
	// pluginName is the name of the plugin and of its directory.
	pluginName = "ragenv-ngc"
	// program is the name of the link to ragenv in the plugin's directory.
	program    = "ragenv"
	definition = "plugin.yaml"
)

// pluginYAML defines the plugin in the Helm 3 format, which Helm 4 also reads (helm.sh/helm,
// internal/plugin, MetadataLegacy). Helm 4's own format would break Helm 3, which strictly parses every
// plugin at every start. Both run DIRECTORY/ragenv helm fetch CERTFILE KEYFILE CAFILE URL and read the file
// from its standard output.
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

// ErrForeign means that the directory belongs to another plugin.
var ErrForeign = errors.New("is not a plugin that ragenv wrote")

// State is the state of the plugin.
type State string

const (
	Absent State = "absent"
	Broken State = "broken" // the link is dangling, or the definition is from another version
	Ready  State = "ready"
)

// Plugin is ragenv's getter plugin for ngc:// URLs in one plugins directory.
type Plugin struct{ Dir string }

// In returns the plugin in a plugins directory, installed or not.
func In(plugins string) Plugin { return Plugin{filepath.Join(plugins, pluginName)} }

// link returns the path of the link to ragenv.
func (p Plugin) link() string { return filepath.Join(p.Dir, program) }

// State returns the plugin's state and the target of its link, "" if there is none. Error: ErrForeign.
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
	target, err := os.Readlink(p.link())
	if err != nil {
		return Broken, "", nil //nolint:nilerr // it is missing or not a link
	}
	if _, err := os.Stat(p.link()); err != nil || string(text) != pluginYAML {
		return Broken, target, nil //nolint:nilerr // the link is dangling
	}
	return Ready, target, nil
}

// Install installs the plugin for the ragenv at this path, replacing an earlier version of the plugin. It
// reports whether anything changed. Error: ErrForeign.
func (p Plugin) Install(ragenv string) (changed bool, err error) {
	state, target, err := p.State()
	if err != nil || state == Ready && target == ragenv {
		return false, err
	}
	if err := os.MkdirAll(p.Dir, 0o755); err != nil {
		return false, err
	}
	if err := os.Remove(p.link()); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, err
	}
	if err := os.Symlink(ragenv, p.link()); err != nil {
		return false, err
	}
	// The definition comes last, so Helm never finds half a plugin.
	return true, atomicfile.Write(filepath.Join(p.Dir, definition), []byte(pluginYAML), 0o644)
}

// Remove removes the plugin and keeps other files in its directory. It reports whether there was one.
// Error: ErrForeign.
func (p Plugin) Remove() (bool, error) {
	state, _, err := p.State()
	if err != nil || state == Absent {
		return false, err
	}
	for _, path := range []string{filepath.Join(p.Dir, definition), p.link()} {
		if err := os.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return false, err
		}
	}
	_ = os.Remove(p.Dir) // fails if other files are in it
	return true, nil
}

func ours(text []byte) bool { return strings.HasPrefix(string(text), "# written by ragenv ") }
