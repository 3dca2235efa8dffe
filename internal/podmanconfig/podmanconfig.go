// Package podmanconfig makes Podman, Buildah and Skopeo ask a Docker credential helper for every registry.
//
// They read credHelpers from Docker's config.json, for single registries, but not credsStore. Their
// counterpart is credential-helpers in containers-registries.conf(5). Configure sets it in a drop-in in the
// user's registries.conf.d, which adds to the existing configuration; a registries.conf of the user would
// replace the system's. With it, "podman login" also keeps logins in the helper instead of in auth.json in
// plain text.
//
// Facts about the files come from github.com/containers/image, pkg/sysregistriesv2 (v5.23 to v5.36), and
// from go.podman.io/image/v5. Its v5.39, in Podman 5.8, reads them in the same way. Its v5.42, in Podman 6,
// is called newer here. Tested with podman 4.3.1 and 5.8.2.
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

// authFile is the built-in helper. It reads Podman's auth.json and the files that Podman reads in its
// place, such as Docker's config.json. Podman uses only this one unless credential-helpers is set.
const authFile = "containers-auth.json"

// fileName sorts after the files of distributions and of most users, because the last file that sets
// credential-helpers wins.
const fileName = "99-ragenv.conf"

const (
	mainName     = "registries.conf"
	dropInSuffix = ".d"
)

// ErrEdited means that someone else changed the file after Configure wrote it, so it is kept as it is.
// Match it with errors.Is.
var ErrEdited = errors.New("the file was changed since ragenv wrote it")

// Programs are the programs that read Podman's configuration.
var Programs = []string{"podman", "buildah", "skopeo"}

// OverriddenError reports that a file read later sets credential-helpers without the helper.
type OverriddenError struct {
	Path  string
	Newer bool // only newer programs read it
}

func (e *OverriddenError) Error() string {
	if e.Newer {
		return e.Path + " sets credential-helpers, and newer versions of Podman read it last"
	}
	return e.Path + " sets credential-helpers, and comes last"
}

// SyntaxError reports a file that Podman could not parse either.
type SyntaxError struct {
	Path   string
	Reason string // contains nothing of the file except names of its keys
}

func (e *SyntaxError) Error() string { return e.Path + ": " + e.Reason }

// Variables that name files.
const (
	EnvNamed = "CONTAINERS_REGISTRIES_CONF"
	EnvLast  = "CONTAINERS_REGISTRIES_CONF_OVERRIDE"

	envConfigHome = "XDG_CONFIG_HOME"
)

// Place is the location of the files.
type Place struct {
	Home  string // the user's home
	Newer string // $XDG_CONFIG_HOME, which newer programs read instead of ~/.config; "" if it is the same
	Etc   string // "/etc/containers"
	Usr   string // "/usr/share/containers", which newer programs read; "" for none
	UID   int    // newer programs have directories for root, for other users, and for each user
	Named string // $CONTAINERS_REGISTRIES_CONF: replaces registries.conf (and drop-ins in newer programs); "" for none
	Last  string // $CONTAINERS_REGISTRIES_CONF_OVERRIDE: newer programs read it last; "" for none
}

// Of returns the place for a user with this home directory.
func Of(home string, getenv func(string) string) Place {
	p := Place{
		Home: home, Etc: "/etc/containers", Usr: "/usr/share/containers", UID: os.Getuid(), Named: getenv(EnvNamed), Last: getenv(EnvLast),
	}
	// The XDG Base Directory Specification says to ignore paths that are not absolute.
	if dir := getenv(envConfigHome); filepath.IsAbs(dir) && filepath.Clean(dir) != filepath.Join(home, ".config") {
		p.Newer = filepath.Clean(dir)
	}
	return p
}

// Path returns the file that Configure writes.
func (p Place) Path() string { return filepath.Join(p.dropIns(), fileName) }

// Paths returns all files that Configure may write, except the file that a variable names.
func (p Place) Paths() []string {
	if p.Newer == "" {
		return []string{p.Path()}
	}
	return []string{p.Path(), p.newerPath()}
}

func (p Place) user() string    { return filepath.Join(p.Home, ".config", "containers") }
func (p Place) dropIns() string { return filepath.Join(p.user(), mainName+dropInSuffix) }

// newerUser is user for newer programs, and newerPath is Path for them.
func (p Place) newerUser() string {
	if p.Newer == "" {
		return p.user()
	}
	return filepath.Join(p.Newer, "containers")
}
func (p Place) newerPath() string {
	return filepath.Join(p.newerUser(), mainName+dropInSuffix, fileName)
}

// helpers returns the helpers that Podman asks, in order, and the file that sets them, "" if none does and
// Podman's default applies. It ignores the file except, "" for none, and those that variables name. Errors:
// *SyntaxError and those of reading files.
func (p Place) helpers(except string) (helpers []string, from string, err error) {
	files, err := p.files("")
	if err != nil {
		return nil, "", err
	}
	return helpersOf(files, except)
}

// readings returns the files that programs read, in order: one list for each way to treat the variables.
func (p Place) readings() ([][]string, error) {
	plain, err := p.files("") // Skopeo up to 1.9 ignores both variables that name files
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
		helpers = []string{authFile}
	}
	return helpers, from, nil
}

// files returns the files that Podman reads, in order: later files win. If named is not "", it replaces
// registries.conf.
func (p Place) files(named string) ([]string, error) {
	main, dirs := filepath.Join(p.user(), mainName), []string{p.dropIns()}
	if _, err := os.Stat(main); err != nil || named != "" { // a user's file replaces all system files
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

// read returns the helpers that a file sets, nil if it does not exist or sets none. They are copied into
// our own file, so it must not be writable by others: keychain.ErrInsecure otherwise.
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

// Asks reports whether Podman, Buildah and Skopeo of all versions ask the helper ("ngc" for
// docker-credential-ngc). Its errors are those of Helpers.
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
