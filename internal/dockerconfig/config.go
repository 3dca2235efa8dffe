// Package dockerconfig reads and edits Docker's config.json and changes no byte outside the edit: key
// order, indentation, line ends, unknown settings, symbolic links, owner and mode are kept.
//
// Docker's own writer keeps none of the layout and drops settings that its version does not know, as would
// decoding into a Go value. So edits are made in the text, at positions found by a small scanner, and
// encoding/json only validates the text.
//
// Names are compared as Docker does: settings such as credHelpers case-insensitively, servers exactly.
package dockerconfig

import (
	"bytes"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
)

const (
	keyAuths       = "auths"
	keyCredHelpers = "credHelpers"
	keyCredsStore  = "credsStore"
)

var bom = []byte("\xef\xbb\xbf")

// Path returns the path of config.json that Docker's clients use: in $DOCKER_CONFIG, else in .docker below
// home.
func Path(getenv func(string) string, home string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return filepath.Join(dir, "config.json")
	}
	return filepath.Join(home, ".docker", "config.json")
}

// File is a config.json in memory. Only Save writes to disk.
type File struct {
	path   string
	disk   []byte // as read; nil if there was no file
	text   []byte // with the edits
	root   object
	steps  []step
	remove bool // Save deletes the file
	made   *fileMade
}

// Load reads the file at path. Like Docker, it treats a missing file, or one of white space only, as an
// empty config. Errors: *SyntaxError if the file is not a single JSON object, if a setting has the wrong
// type, and if a setting, or a server in auths or credHelpers, occurs twice (Docker uses the last, other
// clients the first, so no edit could suit both); *atomicfile.TargetError for a directory, a FIFO, a
// dangling link and the like.
func Load(path string) (*File, error) {
	data, err := atomicfile.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return parse(path, data)
}

// Parse is Load for data that was already read from the file at path.
func Parse(path string, data []byte) (*File, error) { return parse(path, data) }

func parse(path string, data []byte) (*File, error) {
	f := &File{path: path, disk: data}
	if err := f.setText(data); err != nil {
		return nil, err
	}
	return f, nil
}

// setText validates text and makes it the file's content. White space alone counts as an empty object.
func (f *File) setText(text []byte) error {
	start := 0
	if bytes.HasPrefix(text, bom) {
		start = len(bom)
	}
	if bytes.HasPrefix(text, []byte("\xff\xfe")) || bytes.HasPrefix(text, []byte("\xfe\xff")) {
		return f.syntaxError(text, 0, "UTF-16 text, which Docker does not read: save it as UTF-8")
	}
	if len(bytes.Trim(text[start:], " \t\r\n")) == 0 {
		f.text, f.root = text, object{open: -1}
		return nil
	}
	var raw json.RawMessage
	if err := json.Unmarshal(text[start:], &raw); err != nil {
		at := len(text)
		if bad := (*json.SyntaxError)(nil); errors.As(err, &bad) {
			at = start + max(int(bad.Offset)-1, 0)
			if bad.Error() == "unexpected end of JSON input" {
				return f.syntaxError(text, len(text), "the file ends in the middle of a value")
			}
		}
		return f.syntaxError(text, at, "not valid JSON")
	}
	open := skipSpace(text, start)
	if text[open] != '{' {
		return f.syntaxError(text, open, "not a JSON object")
	}
	root := parseObject(text, open)
	for _, name := range []string{keyAuths, keyCredHelpers, keyCredsStore} {
		if err := f.check(text, root, name); err != nil {
			return err
		}
	}
	f.text, f.root = text, root
	return nil
}

// check returns an error for a setting that occurs twice or that Docker could not decode.
func (f *File) check(text []byte, root object, name string) error {
	at := -1
	for i, m := range root.members {
		if !strings.EqualFold(m.key, name) {
			continue
		}
		if at >= 0 {
			return f.syntaxError(text, m.keyStart, name+" is given twice")
		}
		at = i
	}
	if at < 0 || isNull(root.members[at].value(text)) {
		return nil
	}
	m := root.members[at]
	if name == keyCredsStore {
		if text[m.valStart] != '"' {
			return f.syntaxError(text, m.valStart, name+" is not a string")
		}
		return nil
	}
	if text[m.valStart] != '{' {
		return f.syntaxError(text, m.valStart, name+" is not an object")
	}
	seen := map[string]bool{}
	for _, entry := range parseObject(text, m.valStart).members {
		if seen[entry.key] {
			return f.syntaxError(text, entry.keyStart, "a server of "+name+" is given twice")
		}
		seen[entry.key] = true
		value := entry.value(text)
		if isNull(value) {
			continue
		}
		if name == keyCredHelpers && value[0] != '"' {
			return f.syntaxError(text, entry.valStart, "a server of "+name+" is not a string")
		}
		if name == keyAuths && json.Unmarshal(value, new(authEntry)) != nil {
			return f.syntaxError(text, entry.valStart, "a server of "+name+" is not an object of strings")
		}
	}
	return nil
}

func (f *File) syntaxError(text []byte, at int, reason string) error {
	line, column := place(text, at)
	return &SyntaxError{Path: f.path, Line: line, Column: column, Reason: reason}
}

func isNull(value []byte) bool { return string(value) == "null" }

// setting returns the index of a setting in the root object, or -1.
func (f *File) setting(name string) int {
	return f.root.find(func(key string) bool { return strings.EqualFold(key, name) })
}

// entries returns the object in a setting; ok is false if it is absent or null.
func (f *File) entries(name string) (o object, ok bool) {
	i := f.setting(name)
	if i < 0 || f.text[f.root.members[i].valStart] != '{' {
		return object{}, false
	}
	return parseObject(f.text, f.root.members[i].valStart), true
}

func (f *File) stringOf(value []byte) string {
	if isNull(value) {
		return ""
	}
	return decodeString(value)
}

// Path returns the path given to Load.
func (f *File) Path() string { return f.path }

// Exists reports whether the file existed when it was read.
func (f *File) Exists() bool { return f.disk != nil }

// CredsStore returns the name of the helper for all registries, such as "ngc" for docker-credential-ngc, or
// "".
func (f *File) CredsStore() string {
	if i := f.setting(keyCredsStore); i >= 0 {
		return f.stringOf(f.root.members[i].value(f.text))
	}
	return ""
}

// CredHelper returns the name of the helper for one registry; ok is false if there is none. An empty name
// with ok tells Docker to use no helper for host.
func (f *File) CredHelper(host string) (name string, ok bool) {
	name, ok = f.CredHelpers()[host]
	return name, ok
}

// HelperPrefix and a helper's name are the program that Docker runs.
const HelperPrefix = "docker-credential-"

// HelperFor returns the name of the helper that Docker asks for a registry, "" for none, and the setting
// that names it.
func (f *File) HelperFor(host string) (name, setting string) {
	if name, ok := f.CredHelper(host); ok {
		return name, keyCredHelpers
	}
	return f.CredsStore(), keyCredsStore
}

// CredHelpers returns the helpers' names by registry.
func (f *File) CredHelpers() map[string]string {
	helpers := map[string]string{}
	o, _ := f.entries(keyCredHelpers)
	for _, m := range o.members {
		helpers[m.key] = f.stringOf(m.value(f.text))
	}
	return helpers
}

// Changed reports whether Save has anything to write.
func (f *File) Changed() bool {
	if f.disk == nil && len(f.root.members) == 0 {
		return false
	}
	return f.remove || !bytes.Equal(f.text, f.disk)
}

// Save writes the edits, if any, and creates a missing directory (0700) and file (0600). Errors: ErrChanged
// if the file has changed since Load, *atomicfile.TargetError if it must not be written.
func (f *File) Save() error {
	if !f.Changed() {
		return nil
	}
	if f.remove {
		return f.delete()
	}
	if f.disk == nil {
		if err := os.MkdirAll(filepath.Dir(f.path), 0o700); err != nil {
			return err
		}
	}
	if err := atomicfile.Replace(f.path, f.disk, f.text, 0o600); err != nil {
		return err
	}
	f.disk, f.steps, f.made = f.text, nil, nil
	return nil
}

// maxTries limits Edit's attempts. Docker writes the file once per login, so even two conflicts in a row
// are rare.
const maxTries = 10

// Edit loads the file at path, calls fn to change it, and saves it. If another program changes the file in
// the meantime, it starts again, so fn may run several times. If fn returns an error, nothing is written.
// changed reports whether the file was written.
func Edit(path string, fn func(*File) error) (changed bool, err error) {
	for try := 1; ; try++ {
		f, err := Load(path)
		if err != nil {
			return false, err
		}
		if err := fn(f); err != nil {
			return false, err
		}
		changed := f.Changed()
		err = f.Save()
		if err == nil {
			return changed, nil
		}
		if !errors.Is(err, ErrChanged) || try == maxTries {
			return false, err
		}
	}
}
