// Package dockerconfig reads and edits Docker's config.json without losing a byte that is not the edit's: key order,
// indentation, line ends, unknown settings, symbolic link, owner and mode all stay.
//
// Docker's own writer keeps none of the layout, and drops settings that its version does not know; decoding into a Go value
// would do the same. So the edits are made in the text, at the places a small scanner finds, and encoding/json only judges
// whether the text is valid.
//
// Names are compared as Docker does: settings such as credHelpers without regard to case, servers exactly.
package dockerconfig

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/pkg/keychain"
)

const (
	keyAuths       = "auths"
	keyCredHelpers = "credHelpers"
	keyCredsStore  = "credsStore"
)

var bom = []byte("\xef\xbb\xbf")

// Path returns where Docker's clients look for config.json: in the directory $DOCKER_CONFIG, else in .docker of home.
func Path(getenv func(string) string, home string) string {
	if dir := getenv("DOCKER_CONFIG"); dir != "" {
		return filepath.Join(dir, "config.json")
	}
	return filepath.Join(home, ".docker", "config.json")
}

// File is a config.json in memory. The methods that change it write nothing to the disk: Save does.
type File struct {
	path   string
	disk   []byte // as it was read; nil if there was no file
	text   []byte // with the edits
	root   object
	steps  []step
	remove bool // Save deletes the file
	made   *fileMade
}

// Load reads the file at path. A missing one is an empty config, as is one of white space alone, which is how Docker sees it. Errors:
// *SyntaxError for what is not one JSON object, for a setting of the wrong type, and for a setting or a server of auths
// or credHelpers that is given twice (Docker takes the last, other clients the first: no edit could be right for both);
// *atomicfile.TargetError for a directory, a FIFO, a dangling link and the like.
func Load(path string) (*File, error) {
	data, err := atomicfile.Read(path)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	return parse(path, data)
}

// Parse is Load for a text that was read already, from the file at path.
func Parse(path string, data []byte) (*File, error) { return parse(path, data) }

func parse(path string, data []byte) (*File, error) {
	f := &File{path: path, disk: data}
	if err := f.setText(data); err != nil {
		return nil, err
	}
	return f, nil
}

// setText makes text the file's content, after checking it. Without a value in it the text is an empty object.
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

// check reports a setting that is given twice or is not what Docker would decode.
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

// setting returns the place in the root object of a setting, or -1.
func (f *File) setting(name string) int {
	return f.root.find(func(key string) bool { return strings.EqualFold(key, name) })
}

// entries returns the object that a setting holds; ok is false if it is absent or null.
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

// Exists reports whether there was a file when it was read.
func (f *File) Exists() bool { return f.disk != nil }

// CredsStore returns the name of the helper for every registry, such as "ngc" for docker-credential-ngc, or "".
func (f *File) CredsStore() string {
	if i := f.setting(keyCredsStore); i >= 0 {
		return f.stringOf(f.root.members[i].value(f.text))
	}
	return ""
}

// CredHelper returns the name of the helper for one registry; ok is false if none is given. An empty name is one, too: it
// tells Docker to use no helper for host.
func (f *File) CredHelper(host string) (name string, ok bool) {
	name, ok = f.CredHelpers()[host]
	return name, ok
}

// CredHelpers returns the name of the helper by registry.
func (f *File) CredHelpers() map[string]string {
	helpers := map[string]string{}
	o, _ := f.entries(keyCredHelpers)
	for _, m := range o.members {
		helpers[m.key] = f.stringOf(m.value(f.text))
	}
	return helpers
}

// Kind is what the secret of an Auth is.
type Kind string

const (
	KindPassword      Kind = "password"      // with a user name; from "auth" in base64, or "username" and "password"
	KindIdentityToken Kind = "identitytoken" // a helper keeps it under the user secrets.TokenUser
	KindRegistryToken Kind = "registrytoken" // a bearer token; no helper can keep it
	KindUnreadable    Kind = "unreadable"    // an "auth" that is no base64 of "user:password"; Secret is the text as it stands
)

// Auth is a login that config.json holds in plain text.
type Auth struct {
	Server   string // the key in auths: "nvcr.io", "https://index.docker.io/v1/"
	Username string // secrets.TokenUser for an identity token; empty for a registry token and what is unreadable
	Secret   keychain.Secret
	Kind     Kind
}

// authEntry is what an entry of auths may hold, by docker/cli's cli/config/types.AuthConfig.
type authEntry struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

// PlaintextAuths returns the entries of auths that hold a secret, in the file's order. What "docker login" leaves behind under a helper, an
// empty entry, is none.
func (f *File) PlaintextAuths() []Auth {
	var auths []Auth
	o, _ := f.entries(keyAuths)
	for _, m := range o.members {
		var entry authEntry
		if json.Unmarshal(m.value(f.text), &entry) != nil {
			continue // checked by setText
		}
		if a := entry.secret(); !a.Secret.Empty() {
			a.Server = m.key
			auths = append(auths, a)
		}
	}
	return auths
}

// AuthLine returns the line of a server's entry in auths, from 1; 0 if there is none.
func (f *File) AuthLine(server string) int {
	o, _ := f.entries(keyAuths)
	if i := o.find(func(key string) bool { return key == server }); i >= 0 {
		return bytes.Count(f.text[:o.members[i].keyStart], []byte("\n")) + 1
	}
	return 0
}

func (e authEntry) secret() Auth {
	switch {
	case e.IdentityToken != "":
		return Auth{Username: secrets.TokenUser, Secret: keychain.NewSecret(e.IdentityToken), Kind: KindIdentityToken}
	case e.Auth != "":
		// Docker cuts at the first colon and strips trailing NULs.
		plain, err := base64.StdEncoding.DecodeString(e.Auth)
		user, password, found := strings.Cut(string(plain), ":")
		password = strings.Trim(password, "\x00")
		if err != nil || !found || user == "" {
			return Auth{Secret: keychain.NewSecret(e.Auth), Kind: KindUnreadable}
		}
		if password == "" && e.RegistryToken != "" {
			break
		}
		return Auth{Username: user, Secret: keychain.NewSecret(password), Kind: KindPassword}
	case e.Password != "":
		return Auth{Username: e.Username, Secret: keychain.NewSecret(e.Password), Kind: KindPassword}
	}
	return Auth{Secret: keychain.NewSecret(e.RegistryToken), Kind: KindRegistryToken}
}

// IgnoredAuths returns the PlaintextAuths that Docker no longer reads, because a helper answers for their registry. They serve nobody and still
// are in the file: move them or say so.
func (f *File) IgnoredAuths() []Auth {
	var ignored []Auth
	helpers, store := f.CredHelpers(), f.CredsStore()
	for _, a := range f.PlaintextAuths() {
		helper, ok := helpers[a.Server]
		if !ok {
			helper, ok = helpers[hostname(a.Server)]
		}
		if !ok {
			helper = store
		}
		if helper != "" {
			ignored = append(ignored, a)
		}
	}
	return ignored
}

// hostname is the registry's name in a key of auths, as docker/cli's ConvertToHostname has it.
func hostname(server string) string {
	server = strings.TrimPrefix(strings.TrimPrefix(server, "https://"), "http://")
	host, _, _ := strings.Cut(server, "/")
	return host
}

// Changed reports whether Save has something to write.
func (f *File) Changed() bool {
	if f.disk == nil && len(f.root.members) == 0 {
		return false
	}
	return f.remove || !bytes.Equal(f.text, f.disk)
}

// Save writes the edits, if there are any, and makes the directory (0700) and the file (0600) where they are missing. The
// error is ErrChanged if the file is no longer what Load read, *atomicfile.TargetError if it is not one to write.
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

// maxTries bounds Edit. Docker writes the file once per login: two losses in a row are already rare.
const maxTries = 10

// Edit loads the file at path, lets fn change it, and saves it; it begins again when another program changed the file meanwhile, so fn
// may run several times. An error of fn ends it with nothing written. changed reports whether the file was written.
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
