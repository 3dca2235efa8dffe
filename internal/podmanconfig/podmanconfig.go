// Package podmanconfig makes Podman, Buildah and Skopeo ask a Docker credential helper for every registry.
//
// They take credHelpers from Docker's config.json, for single registries, but not credsStore: their counterpart of it is
// credential-helpers of containers-registries.conf(5). It is set in a file of its own in the user's registries.conf.d, which
// adds to whatever else is configured; a user's registries.conf, were there one, would take the place of the system's.
// With it "podman login" keeps logins in the helper, too, which otherwise writes them to auth.json in plain text.
//
// Facts about the files are those of github.com/containers/image, pkg/sysregistriesv2 (v5.23 to v5.36), and of go.podman.io/image/v5:
// v5.39, which Podman 5.8 has, reads them as those do; v5.42, of Podman 6, is called newer here. Tried with podman 4.3.1 and 5.8.2.
package podmanconfig

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"github.com/pelletier/go-toml/v2"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/trustedfile"
)

// AuthFile is the built-in helper: auth.json of Podman itself and what else it reads in its place, Docker's config.json among
// it. Podman asks it alone unless credential-helpers is set.
const AuthFile = "containers-auth.json"

// fileName sorts behind those of distributions and of most people: the last file that sets credential-helpers counts.
const fileName = "99-ragenv.conf"

const (
	mainName     = "registries.conf"
	dropInSuffix = ".d"
)

// ErrEdited, matched with errors.Is: the file was changed by someone else since Configure wrote it, so it is left alone.
var ErrEdited = errors.New("the file was changed since ragenv wrote it")

// OverriddenError reports that another file, read later, sets credential-helpers without the helper.
type OverriddenError struct {
	Path  string
	Newer bool // by newer programs only
}

func (e *OverriddenError) Error() string {
	if e.Newer {
		return e.Path + " sets credential-helpers, and newer versions of Podman read it last"
	}
	return e.Path + " sets credential-helpers, and comes last"
}

// SyntaxError reports a file that Podman could not read either.
type SyntaxError struct {
	Path   string
	Reason string // holds nothing of the file but names of its keys
}

func (e *SyntaxError) Error() string { return e.Path + ": " + e.Reason }

// Variables that name files.
const (
	EnvNamed = "CONTAINERS_REGISTRIES_CONF"
	EnvLast  = "CONTAINERS_REGISTRIES_CONF_OVERRIDE"
	// EnvAuthFile names a file of the format of Docker's config.json that is read in place of it and of every other.
	EnvAuthFile = "REGISTRY_AUTH_FILE"

	envConfigHome = "XDG_CONFIG_HOME"
)

// Place is where the files are.
type Place struct {
	Home  string // the user's home
	Newer string // $XDG_CONFIG_HOME: newer programs read it in place of ~/.config; "" for that
	Etc   string // "/etc/containers"
	Usr   string // "/usr/share/containers", of newer programs; "" for none
	UID   int    // newer programs have directories for root, for others, and for each of them
	Named string // $CONTAINERS_REGISTRIES_CONF: stands for registries.conf, in newer programs for the drop-ins too; "" for none
	Last  string // $CONTAINERS_REGISTRIES_CONF_OVERRIDE: newer programs read it after all others; "" for none
}

// Of returns the place of a user.
func Of(home string, getenv func(string) string) Place {
	p := Place{
		Home: home, Etc: "/etc/containers", Usr: "/usr/share/containers", UID: os.Getuid(), Named: getenv(EnvNamed), Last: getenv(EnvLast),
	}
	// A path that is not absolute is to be ignored, by the XDG Base Directory Specification.
	if dir := getenv(envConfigHome); filepath.IsAbs(dir) && filepath.Clean(dir) != filepath.Join(home, ".config") {
		p.Newer = filepath.Clean(dir)
	}
	return p
}

// Path returns the file that Configure writes.
func (p Place) Path() string { return filepath.Join(p.dropIns(), fileName) }

// Paths returns all files that Configure may write, except for the one that a variable names.
func (p Place) Paths() []string {
	if p.Newer == "" {
		return []string{p.Path()}
	}
	return []string{p.Path(), p.newerPath()}
}

func (p Place) user() string    { return filepath.Join(p.Home, ".config", "containers") }
func (p Place) dropIns() string { return filepath.Join(p.user(), mainName+dropInSuffix) }

// newerUser is what newer programs read for user, newerPath for Path.
func (p Place) newerUser() string {
	if p.Newer == "" {
		return p.user()
	}
	return filepath.Join(p.Newer, "containers")
}
func (p Place) newerPath() string {
	return filepath.Join(p.newerUser(), mainName+dropInSuffix, fileName)
}

// Helpers returns whom Podman asks, in order, and the file that says so; "" where none does and Podman's default counts. Of the
// files that variables name it knows nothing. The errors are *SyntaxError and those of reading files.
func (p Place) Helpers() (helpers []string, from string, err error) { return p.helpers("") }

// helpers leaves one file out.
func (p Place) helpers(except string) (helpers []string, from string, err error) {
	files, err := p.files("")
	if err != nil {
		return nil, "", err
	}
	return helpersOf(files, except)
}

// readings returns what the programs read, in their order, a list for each way of theirs to treat the variables.
func (p Place) readings() ([][]string, error) {
	plain, err := p.files("") // Skopeo up to 1.9: neither of the two that name files
	if err != nil {
		return nil, err
	}
	readings := [][]string{plain}
	if p.Named != "" {
		files, err := p.files(p.Named) // Podman and Buildah up to 5.8
		if err != nil {
			return nil, err
		}
		readings = append(readings, files)
	}
	newer, err := p.newerFiles()
	return append(readings, newer), err
}

func helpersOf(files []string, except string) (helpers []string, from string, err error) {
	for _, file := range files {
		if file == except {
			continue
		}
		set, err := read(file)
		if err != nil {
			return nil, "", err
		}
		if set != nil { // an empty list counts, and means the default
			helpers, from = set, file
		}
	}
	if len(helpers) == 0 {
		helpers = []string{AuthFile}
	}
	return helpers, from, nil
}

// files returns the files that Podman reads, in its order: the later one wins. named, unless "", is read for registries.conf.
func (p Place) files(named string) ([]string, error) {
	main, dirs := filepath.Join(p.user(), mainName), []string{p.dropIns()}
	if _, err := os.Stat(main); err != nil || named != "" { // a user's registries.conf stands for all of the system's
		main = filepath.Join(p.Etc, mainName)
		dirs = []string{filepath.Join(p.Etc, mainName+dropInSuffix), p.dropIns()}
	}
	if named != "" {
		main = named
	}
	files := []string{main}
	for _, dir := range dirs {
		entries, err := os.ReadDir(dir) // sorted
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, entry := range entries {
			if !entry.IsDir() && filepath.Ext(entry.Name()) == ".conf" {
				files = append(files, filepath.Join(dir, entry.Name()))
			}
		}
	}
	return files, nil
}

// read returns what a file sets; nil if it does not exist or sets nothing. What it names is copied into our own file, so it
// must be one that nobody else can change: keychain.ErrInsecure otherwise.
func read(file string) ([]string, error) {
	data, err := trustedfile.Read(file, atomicfile.MaxSize)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var document struct {
		Helpers []string `toml:"credential-helpers"`
	}
	if err := toml.Unmarshal(data, &document); err != nil {
		reason := err.Error()
		var syntax *toml.DecodeError
		if errors.As(err, &syntax) {
			line, _ := syntax.Position()
			reason = fmt.Sprintf("line %d: %s", line, syntax.Error())
		}
		return nil, &SyntaxError{Path: file, Reason: reason}
	}
	return document.Helpers, nil
}

// Asks reports whether Podman, Buildah and Skopeo ask the helper ("ngc" for docker-credential-ngc), of whichever version they
// are. The errors are those of Helpers.
func (p Place) Asks(helper string) (bool, error) {
	readings, err := p.readings()
	if err != nil {
		return false, err
	}
	for _, files := range readings {
		if helpers, _, err := helpersOf(files, ""); err != nil || !slices.Contains(helpers, helper) {
			return false, err
		}
	}
	return true, nil
}
