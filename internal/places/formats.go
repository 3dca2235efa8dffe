package places

import (
	"bytes"
	"cmp"
	"encoding/json"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
)

// Value is one secret in a structured file, with its position.
type Value struct {
	Label string // the file's name for it: "apikey of [CURRENT]", "password of nvcr.io"
	Name  string // the variable to store it as; "" for another service's secret
	Value string
	Line  int // counted from 1

	start, end int    // the bytes that a removal replaces; empty if that would change something else
	instead    string // the replacement
}

// Format reads a kind of file that is not a list of variables and, if that is safe, removes values from it.
type Format struct {
	Name   string // "ngc-cli"
	Read   func(text []byte) []Value
	Writes bool // Remove can be used
}

// The formats that FormatOf returns.
var (
	ngcFormat    = &Format{Name: "ngc-cli", Read: readNGC, Writes: true}
	netrcFormat  = &Format{Name: "netrc", Read: readNetrc, Writes: true}
	enrootFormat = &Format{Name: "enroot", Read: readEnroot, Writes: true}
	helmFormat   = &Format{Name: "helm-repositories", Read: readHelm, Writes: true}
	regctlFormat = &Format{Name: "regctl", Read: readRegctl, Writes: true}
	linesFormat  = &Format{Name: "shell", Read: readLines, Writes: true}
	indexFormat  = &Format{Name: "index-key", Read: readIndexKey}
)

// FormatOf returns the format of a file, from its path and its text. It is nil for a list of variables and
// for Docker's config.json (IsDockerConfig).
func FormatOf(path string, text []byte) *Format {
	slashed := filepath.ToSlash(path)
	base := strings.ToLower(filepath.Base(path))
	trimmed := bytes.TrimSpace(text)
	switch {
	case strings.HasSuffix(slashed, "enroot/.credentials"):
		return enrootFormat
	case base == ".netrc" || base == "_netrc" || base == ".credentials" && netrcStart().Match(trimmed):
		return netrcFormat
	case ngcSection().Match(text) && ngcLine().Match(text):
		return ngcFormat
	case helmHead().Match(text) && helmList().Match(text):
		return helmFormat
	case slices.Contains([]string{".fish", ".nu", ".ps1", ".csh", ".tcsh"}, filepath.Ext(base)) || base == ".cshrc" || base == ".tcshrc" || base == "fish_variables":
		return linesFormat
	case base == "index_key.txt" || base == ".index_key":
		return indexFormat
	case len(trimmed) > 0 && trimmed[0] == '{':
		var file struct {
			Hosts map[string]struct{ Pass string }
		}
		if json.Unmarshal(trimmed, &file) == nil && len(file.Hosts) > 0 {
			return regctlFormat
		}
	}
	return nil
}

// IsDockerConfig reports whether text is a file with logins in Docker's format: config.json, auth.json, a
// .dockerconfigjson.
func IsDockerConfig(text []byte) bool {
	var file struct {
		Auths map[string]json.RawMessage `json:"auths"`
	}
	return json.Unmarshal(bytes.TrimPrefix(text, []byte("\ufeff")), &file) == nil && file.Auths != nil
}

// Remove returns text without the values, which must come from reading the same text. All other bytes stay.
func Remove(text []byte, values []Value) []byte {
	sorted := slices.SortedFunc(slices.Values(values), func(a, b Value) int { return cmp.Compare(a.start, b.start) })
	var out bytes.Buffer
	done := 0
	for _, v := range sorted {
		if v.start < done {
			continue // the same entry again
		}
		out.Write(text[done:v.start])
		out.WriteString(v.instead)
		done = v.end
	}
	out.Write(text[done:])
	return out.Bytes()
}

// lineOf returns the line number of a position, counted from 1.
func lineOf(text []byte, at int) int { return 1 + bytes.Count(text[:at], []byte("\n")) }

// nameFor returns the variable of a service's login: NGC's, or "".
func nameFor(host string) string {
	host = strings.ToLower(strings.TrimSuffix(host, "/"))
	if server, err := serverurl.Canonical(host); err == nil {
		host = server
	}
	host, _, _ = strings.Cut(host, "/")
	if host == "nvcr.io" || host == "authn.nvidia.com" || host == "helm.ngc.nvidia.com" || host == "api.ngc.nvidia.com" ||
		strings.HasSuffix(host, ".nvcr.io") || strings.HasSuffix(host, ".ngc.nvidia.com") {
		return secrets.NGCAPIKey
	}
	return ""
}

// The configuration of the NGC CLI: an INI file with a section for each profile.
var (
	ngcSection = lazyregexp.New(`(?m)^\[[^\]\n]*\][ \t]*\r?$`)
	ngcLine    = lazyregexp.New(`(?mi)^[ \t]*apikey[ \t]*[=:][ \t]*([^\r\n]*?)[ \t]*\r?$`)
)

func readNGC(text []byte) []Value {
	var values []Value
	for _, m := range ngcLine().FindAllSubmatchIndex(text, -1) {
		value := string(text[m[2]:m[3]])
		if value == "" || value == "no-apikey" {
			continue
		}
		section := "the file"
		for _, head := range ngcSection().FindAllIndex(text[:m[0]], -1) {
			section = strings.TrimSpace(string(text[head[0]:head[1]]))
		}
		values = append(values, Value{
			Label: "apikey of " + section, Name: secrets.NGCAPIKey, Value: value, Line: lineOf(text, m[2]),
			start: m[0], end: m[3], instead: "; apikey is now kept by ragenv as " + secrets.NGCAPIKey,
		})
	}
	// If several values are read, the last one counts: that of the current profile.
	isCurrent := func(v Value) int {
		if v.Label == "apikey of [CURRENT]" {
			return 1
		}
		return 0
	}
	slices.SortStableFunc(values, func(a, b Value) int { return isCurrent(a) - isCurrent(b) })
	return values
}

// Helm's repositories.yaml, a list of flat mappings, as Helm writes it.
var (
	helmHead = lazyregexp.New(`(?m)^repositories:[ \t]*(\r?$|\[)`)
	helmList = lazyregexp.New(`(?m)^[ \t]*(?:-[ \t]+)?password:`)
	helmLine = lazyregexp.New(`(?m)^[ \t]*(-?)[ \t]*(name|password|url|username):[ \t]*("(?:[^"\\]|\\.)*"|'[^']*'|[^\r\n]*?)[ \t]*\r?$|^[ \t]*(-)[ \t]`)
)

func readHelm(text []byte) []Value {
	var values []Value
	var url, name string
	var pending *Value
	flush := func() {
		if pending != nil {
			pending.Name = nameFor(strings.TrimPrefix(strings.TrimPrefix(url, "https://"), "http://"))
			pending.Label = "password of the repository " + name
			values = append(values, *pending)
		}
		url, name, pending = "", "", nil
	}
	for _, m := range helmLine().FindAllSubmatchIndex(text, -1) {
		if m[2] >= 0 && m[2] < m[3] || m[8] >= 0 {
			flush()
		}
		if m[4] < 0 {
			continue
		}
		value := unquote(string(text[m[6]:m[7]]))
		switch string(text[m[4]:m[5]]) {
		case "url":
			url = value
		case "name":
			name = value
		case "password":
			if value != "" {
				pending = &Value{Value: value, Line: lineOf(text, m[6]), start: m[6], end: m[7], instead: `""`}
			}
		}
	}
	flush()
	return values
}

// regctlPass matches the passwords in regctl's JSON, as Go's encoder writes it.
var regctlPass = lazyregexp.New(`"pass"\s*:\s*("(?:[^"\\]|\\.)*")`)

func readRegctl(text []byte) []Value {
	var file struct {
		Hosts map[string]struct{ User, Pass string }
	}
	if json.Unmarshal(text, &file) != nil {
		return nil
	}
	var values []Value
	for _, m := range regctlPass().FindAllSubmatchIndex(text, -1) {
		var pass string
		if json.Unmarshal(text[m[2]:m[3]], &pass) != nil || pass == "" {
			continue
		}
		v := Value{Value: pass, Line: lineOf(text, m[2]), start: m[2], end: m[3], instead: `""`}
		for host, login := range file.Hosts {
			if login.Pass == pass {
				v.Label, v.Name = "pass of "+host, cmp.Or(v.Name, nameFor(host))
			}
		}
		values = append(values, v)
	}
	return values
}

// wholeLine matches an assignment that fills its line, in shells other than POSIX shells.
var wholeLine = lazyregexp.New(`^[ \t]*(?:set(?:[ \t]+-[a-zA-Z-]+)*[ \t]+|setenv[ \t]+|\$env[.:]|SETUVAR[ \t])[^;|&]*;?[ \t]*$`)

// readLines reads the files of fish, csh, nushell and PowerShell. A value on a line with other commands is
// read, but not removed.
func readLines(text []byte) []Value {
	var values []Value
	at, number := 0, 0
	for line := range bytes.Lines(text) {
		number++
		content := bytes.TrimRight(line, "\r\n")
		found := lineAssignments(number, string(content))
		for _, a := range found {
			if a.Name == "" {
				continue
			}
			v := Value{Label: a.Name, Name: a.Name, Value: a.Value, Line: number}
			if len(found) == 1 && wholeLine().Match(content) {
				v.start, v.end, v.instead = at, at+len(content), "# "+a.Name+" is now kept by ragenv"
			}
			values = append(values, v)
		}
		at += len(line)
	}
	return values
}

// Removable reports whether Remove can remove the value without changing anything else.
func (v Value) Removable() bool { return v.end > v.start }

func readIndexKey(text []byte) []Value {
	if value := strings.TrimSpace(string(text)); value != "" && len(value) < 256 {
		return []Value{{Label: "the index key", Name: secrets.IndexKey, Value: value, Line: 1}}
	}
	return nil
}
