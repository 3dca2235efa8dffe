// Package podmanconfig makes Podman, Buildah and Skopeo ask a Docker credential helper for every registry.
//
// They take credHelpers from Docker's config.json, for single registries, but not credsStore: their counterpart of it is
// credential-helpers of containers-registries.conf(5). It is set in a file of its own in the user's registries.conf.d, which
// adds to whatever else is configured; a user's registries.conf, were there one, would take the place of the system's.
// With it "podman login" keeps logins in the helper, too, which otherwise writes them to auth.json in plain text.
//
// Facts about the files are those of github.com/containers/image, pkg/sysregistriesv2 (v5.23 to v5.36), of go.podman.io/image/v5
// (v5.42), and of podman 4.3.1.
package podmanconfig

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/pelletier/go-toml/v2"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/tomlquote"
	"github.com/ragenv/ragenv/internal/trustedfile"
)

// AuthFile is the built-in helper: auth.json of Podman itself and what else it reads in its place, Docker's config.json among
// it. Podman asks it alone unless credential-helpers is set.
const AuthFile = "containers-auth.json"

// fileName sorts behind those of distributions and of most people: the last file that sets credential-helpers counts.
const fileName = "99-ragenv.conf"

// ErrEdited, matched with errors.Is: the file was changed by someone else since Configure wrote it, so it is left alone.
var ErrEdited = errors.New("the file was changed since ragenv wrote it")

// OverriddenError reports that another file, read later, sets credential-helpers without the helper.
type OverriddenError struct{ Path string }

func (e *OverriddenError) Error() string { return e.Path + " sets credential-helpers, and comes last" }

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
)

// Place is where the files are.
type Place struct {
	Home  string // the user's home; XDG_CONFIG_HOME has no influence on these files
	Etc   string // "/etc/containers"
	Named string // $CONTAINERS_REGISTRIES_CONF: stands for registries.conf, in newer programs for the drop-ins too; "" for none
	Last  string // $CONTAINERS_REGISTRIES_CONF_OVERRIDE: newer programs read it after all others; "" for none
}

// Of returns the place of a user.
func Of(home string, getenv func(string) string) Place {
	return Place{Home: home, Etc: "/etc/containers", Named: getenv(EnvNamed), Last: getenv(EnvLast)}
}

// Path returns the file that Configure writes.
func (p Place) Path() string { return filepath.Join(p.dropIns(), fileName) }

func (p Place) user() string    { return filepath.Join(p.Home, ".config", "containers") }
func (p Place) dropIns() string { return filepath.Join(p.user(), "registries.conf.d") }

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

// readings returns what the programs read, in their order, a list for each way of theirs to treat the two variables.
func (p Place) readings() ([][]string, error) {
	plain, err := p.files("") // Skopeo up to 1.9: neither variable
	if err != nil {
		return nil, err
	}
	readings := [][]string{plain}
	if p.Named != "" {
		files, err := p.files(p.Named) // Podman and Buildah up to 5.8
		if err != nil {
			return nil, err
		}
		readings = [][]string{plain, files, {p.Named}} // the last: go.podman.io/image
	}
	if p.Last != "" {
		readings = append(readings, append(slices.Clone(readings[len(readings)-1]), p.Last))
	}
	return readings, nil
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
	main, dirs := filepath.Join(p.user(), "registries.conf"), []string{p.dropIns()}
	if _, err := os.Stat(main); err != nil || named != "" { // a user's registries.conf stands for all of the system's
		main = filepath.Join(p.Etc, "registries.conf")
		dirs = []string{filepath.Join(p.Etc, "registries.conf.d"), p.dropIns()}
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

// Configure makes Podman ask the helper before whom it asks now; the file that $CONTAINERS_REGISTRIES_CONF names gets a line
// of its own. Where it asks it already nothing is written, and changed is false. The errors are ErrEdited, *NamedError,
// *OverriddenError, *SyntaxError, those of atomicfile and of making the directories; none of them leaves anything changed.
func (p Place) Configure(helper string) (changed bool, err error) {
	edit, err := p.plan(helper)
	if err != nil || edit.helpers == nil {
		return false, err
	}
	dirs := dirsMade(edit.old)
	if edit.old == nil {
		if dirs, err = p.makeDirs(); err != nil {
			return false, err
		}
	}
	// Before the line: the drop-in records where that is.
	text := render(edit.helpers, dirs, edit.also)
	if !bytes.Equal(text, edit.old) {
		if err := atomicfile.Replace(p.Path(), edit.old, text, 0o644); err != nil {
			if edit.old == nil {
				p.removeDirs(dirs)
			}
			return false, err
		}
		changed = true
	}
	added, err := p.addLine(helper)
	if err != nil && changed {
		return false, errors.Join(err, p.restore(text, edit.old, dirs))
	}
	return changed || added, err
}

// restore puts the drop-in back as it was, after an error.
func (p Place) restore(now, old []byte, dirs int) error {
	if old != nil {
		return atomicfile.Replace(p.Path(), now, old, 0o644)
	}
	err := atomicfile.Remove(p.Path(), now)
	p.removeDirs(dirs)
	return err
}

// Preview returns the drop-in's text that Configure would write; "" if that would not change. The errors are those of Configure.
func (p Place) Preview(helper string) (string, error) {
	edit, err := p.plan(helper)
	if err != nil || edit.helpers == nil {
		return "", err
	}
	dirs := dirsMade(edit.old)
	if edit.old == nil {
		dirs = p.missingDirs()
	}
	text := render(edit.helpers, dirs, edit.also)
	if bytes.Equal(text, edit.old) {
		return "", nil
	}
	return string(text), nil
}

// edit is what Configure is about to do.
type edit struct {
	old     []byte   // the file; nil if there is none
	helpers []string // what it is to set; nil to leave it as it is
	also    []string // the other files that have a line of ours
}

func (p Place) plan(helper string) (edit, error) {
	path := p.Path()
	old, err := atomicfile.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return edit{}, err
	}
	if old != nil && !isOurs(old) {
		return edit{}, fmt.Errorf("%s: %w", path, ErrEdited)
	}
	helpers, from, err := p.helpers(path)
	if err != nil {
		return edit{}, err
	}
	also := alsoIn(old)
	switch line, err := p.planLine(helper); {
	case err != nil:
		return edit{}, err
	case (line != nil || p.hasLine()) && !slices.Contains(also, p.Named):
		also = append(also, p.Named)
	}
	asked := slices.Contains(helpers, helper)
	switch {
	case filepath.Dir(from) == filepath.Dir(path) && from > path && !asked:
		return edit{}, &OverriddenError{Path: from}
	case asked && old == nil && also == nil:
		return edit{}, nil
	case !asked:
		helpers = append([]string{helper}, helpers...)
	}
	return edit{old, helpers, also}, nil
}

// Unconfigure removes what Configure made, its lines in other files and directories that are empty then included. changed is false where there was
// nothing. The errors are ErrEdited and those of atomicfile.
func (p Place) Unconfigure() (changed bool, err error) {
	path := p.Path()
	old, err := atomicfile.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	if !isOurs(old) {
		return false, fmt.Errorf("%s: %w", path, ErrEdited)
	}
	for _, file := range alsoIn(old) {
		if err := removeLine(file); err != nil {
			return false, err
		}
	}
	if err := atomicfile.Remove(path, old); err != nil {
		return false, err
	}
	p.removeDirs(dirsMade(old))
	return true, nil
}

// The file's text around the setting. The number tells Unconfigure how many directories to remove again.
const (
	head = "# Written by ragenv docker configure --podman; ragenv docker unconfigure removes it. See containers-registries.conf(5).\n"
	made = "# Directories made for this file: "
	also = "# Also in: " // and a TOML string

	maxDirs = 3 // .config/containers/registries.conf.d
)

func render(helpers []string, dirs int, files []string) []byte {
	var b strings.Builder
	b.WriteString(head + made + strconv.Itoa(dirs) + "\n")
	for _, file := range files {
		b.WriteString(also + tomlquote.String(file) + "\n")
	}
	b.WriteString(setting(helpers))
	return []byte(b.String())
}

func setting(helpers []string) string {
	return "credential-helpers = " + tomlquote.Array(helpers) + "\n"
}

// isOurs reports whether a file is, byte for byte, one that render could have made.
func isOurs(text []byte) bool {
	var document struct {
		Helpers []string `toml:"credential-helpers"`
	}
	return toml.Unmarshal(text, &document) == nil && bytes.Equal(text, render(document.Helpers, dirsMade(text), alsoIn(text)))
}

// dirsMade reads the number of directories that Configure made.
func dirsMade(text []byte) int {
	_, rest, _ := strings.Cut(string(text), made)
	line, _, _ := strings.Cut(rest, "\n")
	n, err := strconv.Atoi(line)
	if err != nil || n < 0 || n > maxDirs {
		return 0
	}
	return n
}

// alsoIn returns the other files that a drop-in records to have a line of ours.
func alsoIn(text []byte) []string {
	var files []string
	for line := range strings.Lines(string(text)) {
		quoted, found := strings.CutPrefix(strings.TrimSuffix(line, "\n"), also)
		var document struct{ File string }
		if found && toml.Unmarshal([]byte("File = "+quoted), &document) == nil {
			files = append(files, document.File)
		}
	}
	return files
}

// makeDirs makes the directories of the file that are missing and returns how many they were.
func (p Place) makeDirs() (int, error) {
	missing := p.missingDirs()
	return missing, os.MkdirAll(p.dropIns(), 0o700)
}

func (p Place) missingDirs() int {
	missing := 0
	for dir := p.dropIns(); missing < maxDirs; dir = filepath.Dir(dir) {
		if _, err := os.Stat(dir); !errors.Is(err, fs.ErrNotExist) {
			break
		}
		missing++
	}
	return missing
}

// removeDirs removes as many directories, from the innermost outwards, as long as they are empty.
func (p Place) removeDirs(count int) {
	dir := p.dropIns()
	for range count {
		if os.Remove(dir) != nil {
			return
		}
		dir = filepath.Dir(dir)
	}
}
