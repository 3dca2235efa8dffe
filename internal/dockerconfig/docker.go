package dockerconfig

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
)

// Fault is a part of config.json that Docker's own loader (docker/cli, cli/config/configfile) rejects.
// Docker warns and continues with what it has decoded so far; its next write of the file loses the rest.
type Fault struct {
	Path         string
	Line, Column int // from 1; columns are bytes
	Reason       string
	BOM          bool // a byte order mark, removed by DropBOM
}

func (f Fault) Error() string { return fmt.Sprintf("%s:%d:%d: %s", f.Path, f.Line, f.Column, f.Reason) }

// kind is the type that a setting is decoded into.
type kind struct {
	is     string           // "string", "list", "map" or "struct"
	of     *kind            // element type of a list or map
	fields map[string]*kind // of a struct
}

var (
	aString   = &kind{is: "string"}
	strings1  = &kind{is: "map", of: aString}
	aList     = &kind{is: "list", of: aString}
	anAuth    = structOf("username", "password", "auth", "serveraddress", "identitytoken", "registrytoken")
	aProxy    = structOf("httpProxy", "httpsProxy", "noProxy", "ftpProxy", "allProxy")
	dockerSet = map[string]*kind{
		"auths": {is: "map", of: anAuth}, "HttpHeaders": strings1, "psFormat": aString, "imagesFormat": aString, "networksFormat": aString,
		"pluginsFormat": aString, "volumesFormat": aString, "statsFormat": aString, "detachKeys": aString, "credsStore": aString,
		"credHelpers": strings1, "serviceInspectFormat": aString, "servicesFormat": aString, "tasksFormat": aString, "secretFormat": aString,
		"configFormat": aString, "nodesFormat": aString, "pruneFilters": aList, "proxies": {is: "map", of: aProxy}, "currentContext": aString,
		"cliPluginsExtraDirs": aList, "plugins": {is: "map", of: strings1}, "aliases": strings1, "features": strings1,
		"experimental": aString, // in Docker 28 and older
	}
	dockerFile = &kind{is: "struct", fields: dockerSet}
)

func structOf(names ...string) *kind {
	k := &kind{is: "struct", fields: map[string]*kind{}}
	for _, name := range names {
		k.fields[name] = aString
	}
	return k
}

// Faults returns what Docker's loader rejects in the file, in its order. A file with faults can still be
// edited here, because only the edited bytes change.
func (f *File) Faults() []Fault {
	var faults []Fault
	if bytes.HasPrefix(f.text, bom) {
		faults = append(faults, Fault{Path: f.path, Line: 1, Column: 1, Reason: "a byte order mark: Docker reads nothing of the file", BOM: true})
	}
	if f.root.open < 0 {
		return faults
	}
	add := func(at int, reason string) {
		line, column := place(f.text, at)
		faults = append(faults, Fault{Path: f.path, Line: line, Column: column, Reason: reason})
	}
	f.typeFaults(f.root.open, dockerFile, "the file", add)
	auths, _ := f.entries(keyAuths)
	for _, m := range auths.members {
		if m.value(f.text)[0] != '{' {
			continue
		}
		entry := parseObject(f.text, m.valStart)
		for _, member := range entry.members {
			if value := member.value(f.text); strings.EqualFold(member.key, "auth") && value[0] == '"' {
				if err := checkAuth(decodeString(value)); err != nil {
					add(member.valStart, `an "auth" that `+err.Error()+`: Docker drops it, and others with it`)
				}
			}
		}
	}
	return faults
}

// typeFaults calls add for each value, starting at text[at], that Docker cannot decode into k.
func (f *File) typeFaults(at int, k *kind, name string, add func(at int, reason string)) {
	c := f.text[at]
	want := map[string]byte{"string": '"', "list": '[', "map": '{', "struct": '{'}[k.is]
	switch {
	case c == 'n': // null is ignored
		return
	case c != want:
		who := "Docker reads"
		if name == "experimental" {
			who = "Docker 28 and older read"
		}
		add(at, fmt.Sprintf("%s is not %s: %s no login of the file", name, map[string]string{
			"string": "a string", "list": "a list of strings", "map": "an object", "struct": "an object",
		}[k.is], who))
		return
	}
	switch k.is {
	case "list":
		for i := skipSpace(f.text, at+1); f.text[i] != ']'; {
			f.typeFaults(i, k.of, "an element of "+name, add)
			if i = skipSpace(f.text, skipValue(f.text, i)); f.text[i] == ',' {
				i = skipSpace(f.text, i+1)
			}
		}
	case "map", "struct":
		for _, m := range parseObject(f.text, at).members {
			inner, called := k.of, "a value of "+name
			if k.is == "struct" {
				inner, called = k.field(m.key)
			}
			if inner != nil {
				f.typeFaults(m.valStart, inner, called, add)
			}
		}
	}
}

// field finds a struct's field as encoding/json does.
func (k *kind) field(key string) (*kind, string) {
	if field, ok := k.fields[key]; ok {
		return field, key
	}
	for name, field := range k.fields {
		if strings.EqualFold(name, key) {
			return field, name
		}
	}
	return nil, ""
}

// checkAuth checks an auth as configfile's decodeAuth does.
func checkAuth(auth string) error {
	if auth == "" {
		return nil
	}
	plain, err := base64.StdEncoding.DecodeString(auth)
	if err != nil {
		return errors.New("is not base64")
	}
	if user, _, found := strings.Cut(string(plain), ":"); !found || user == "" {
		return errors.New(`is not "user:password" in base64`)
	}
	return nil
}

// place returns the line and column of a position in a text, from 1.
func place(text []byte, at int) (line, column int) {
	at = min(at, len(text))
	return bytes.Count(text[:at], []byte("\n")) + 1, at - bytes.LastIndexByte(text[:at], '\n')
}

// DropBOM removes the byte order mark, which stops Docker from reading the file. It reports whether there
// was one.
func (f *File) DropBOM() bool {
	if !bytes.HasPrefix(f.text, bom) {
		return false
	}
	f.apply(splice{0, len(bom), ""}, nil)
	return true
}
