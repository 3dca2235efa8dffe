package importer

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// powershell matches the start of a PowerShell assignment to an environment variable.
var powershell = lazyregexp.New(`(?i)^\s*\$(?:\{env:|env:)`)

// unreadKey returns an error for the first line that cannot be read and seems to contain a wanted key, nil
// if there is none.
func unreadKey(title string, text []byte, problems []dotenv.Problem, o Options) error {
	lines := strings.Split(string(text), "\n")
	for _, problem := range problems {
		if problem.Line < 1 || problem.Line > len(lines) {
			continue
		}
		line := lines[problem.Line-1]
		names := strings.FieldsFunc(line, func(r rune) bool { return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if strings.HasPrefix(strings.TrimSpace(line), "#") ||
			!slices.ContainsFunc(names, func(word string) bool { return word != "" && (o.wants(word) && !o.All || secrets.LooksLikeKey(word)) }) {
			continue
		}
		at := fmt.Sprintf("%s line %d", ui.Printable(title), problem.Line)
		if powershell().MatchString(line) {
			return ui.Errorf("run that file in PowerShell, then there: ragenv import --from-env", "%s was not imported: it is an assignment of PowerShell", at)
		}
		return ui.Errorf("write the line as NAME=value, and import the file again", "%s was not imported: %s", at, problem.Reason)
	}
	return nil
}

// readVariables reads a file with the named reader, or with both if none is named.
func readVariables(data []byte, as dotenv.Syntax) ([]dotenv.Entry, []dotenv.Problem) {
	if as == "" {
		return dotenv.Parse(data)
	}
	return dotenv.ParseAs(data, as)
}

// checkReadings refuses a file in which a shell and Compose read a wanted line differently.
func checkReadings(s *session.Session, source source, o Options) error {
	var refused *dotenv.Entry
	for i, entry := range source.entries {
		if entry.Differs == nil || !o.wants(entry.Name) {
			continue
		}
		refused = &source.entries[i]
		d := entry.Differs
		s.Print.Warn("%s: %s is %s for a shell and %s for Compose", ui.Printable(source.at(entry)), entry.Name, showReading(d.Shell), showReading(d.Compose))
	}
	if refused == nil {
		return nil
	}
	again := "ragenv import"
	if o.Only != nil {
		again += " --only " + strings.Join(o.Only, ",")
	}
	if o.Remove {
		again += " --remove"
	}
	path := source.path
	if path == "" {
		path = readfile.Standard
	}
	return ui.Errorf(again+" --as shell "+shellquote.Word(path),
		"a shell and Compose read %s differently: nothing was stored without --as shell or --as compose", ui.Printable(source.at(*refused)))
}

// showReading describes a reading without showing a secret.
func showReading(r dotenv.Reading) string {
	switch {
	case !r.Sets:
		return "not set"
	case !r.Literal:
		return "to be expanded"
	case r.Value == "":
		return "empty"
	}
	// Both readings begin with the first word. For the rest, the length is enough.
	word := r.Value
	if end := strings.IndexAny(word, " \t\n;&|"); end > 0 {
		word = word[:end]
	}
	text := validate.Mask(word)
	if more := len(r.Value) - len(word); more > 0 {
		text += " and " + ui.Count(more, "more byte")
	}
	if r.Prefix {
		text += " (for one command)"
	}
	return text
}

// wants reports whether to store a variable of a file.
func (o Options) wants(name string) bool {
	_, isKnown := secrets.Lookup(name)
	return isKnown && o.Only == nil || o.All || slices.Contains(o.Only, name)
}

// jsonEntries reads a JSON object of names to values, as written by ragenv export.
func jsonEntries(s *session.Session, title string, data []byte) ([]dotenv.Entry, error) {
	notExport := ui.Errorf("ragenv export --format json writes such a file", "%s is not one JSON object of names and texts", ui.Printable(title))
	var object map[string]json.RawMessage
	if !utf8.Valid(data) || json.Unmarshal(data, &object) != nil { // its error may show part of the file
		return nil, notExport
	}
	var entries []dotenv.Entry
	for _, name := range slices.Sorted(maps.Keys(object)) {
		var value string
		if bytes.Equal(object[name], []byte("null")) || json.Unmarshal(object[name], &value) != nil {
			return nil, notExport
		}
		entries = append(entries, dotenv.Entry{Name: name, Value: value, Literal: true})
	}
	return entries, nil
}

// environmentSource returns the known keys, or those in only, from this process's environment.
func environmentSource(s *session.Session, only []string) source {
	source := source{title: "the environment"}
	names := only
	if names == nil {
		for _, known := range secrets.All() {
			names = append(names, known.Name)
		}
	}
	for _, name := range names {
		source.entries = append(source.entries, dotenv.Entry{Name: name, Value: s.Getenv(name), Literal: true})
	}
	return source
}

// selectKeys selects the keys to store from a source. If a name is assigned several times, the last one
// counts, as in shells and Compose.
func selectKeys(s *session.Session, source source, o Options) []importable {
	var found []importable
	values := map[string]string{}
	for _, entry := range source.entries {
		values[entry.Name] = entry.Value
	}
	leader := leaders(s.Aliases())
	others := 0
	for i, entry := range source.entries {
		if slices.ContainsFunc(source.entries[i+1:], func(later dotenv.Entry) bool { return later.Name == entry.Name }) {
			continue
		}
		wanted := o.wants(entry.Name)
		switch reason := secrets.CheckName(entry.Name); {
		case !entry.Literal && wanted:
			say := s.Print.Warn
			if leader[entry.Name] != "" { // usually it expands to the name it follows anyway
				say = s.Print.Note
			}
			say("%s: %s has to be expanded, and is skipped", ui.Printable(source.at(entry)), ui.Printable(entry.Name))
			continue
		case entry.Value == "":
			continue
		case !wanted && secrets.LooksLikeKey(entry.Value) && reason == nil && inner(entry.Value) != "":
			// a setting of a systemd unit, such as Environment="NAME=value"
			s.Print.Warn("%s: %s is set within another setting, and is skipped", ui.Printable(source.at(entry)), inner(entry.Value))
			continue
		case !wanted && secrets.LooksLikeKey(entry.Value) && reason == nil:
			s.Print.Note("%s: %s looks like a key too (--only %s imports it)", ui.Printable(source.at(entry)), entry.Name, entry.Name)
			continue
		case !wanted:
			others++
			continue
		case reason != nil:
			s.Print.Warn("%s: skipped: %v", ui.Printable(source.at(entry)), reason)
			continue
		}
		key := importable{name: entry.Name, from: source.at(entry)}
		key.item = keychain.Item{Ref: s.EnvRef(entry.Name), Secret: keychain.NewSecret(entry.Value)}
		if name := leader[entry.Name]; name != "" && values[name] == entry.Value {
			key.follows = name
		}
		found = append(found, key)
	}
	if others > 0 && o.Only == nil {
		s.Print.Note("%s: %s skipped: not known as keys (--all imports them)", ui.Printable(source.title), ui.Count(others, "variable"))
	}
	return found
}

// leaders maps each alias to the name it follows.
func leaders(aliases map[string][]string) map[string]string {
	leader := map[string]string{}
	for name, followers := range aliases {
		for _, alias := range followers {
			leader[alias] = name
		}
	}
	return leader
}

// inner returns the name in a value that is itself an assignment, or "".
func inner(value string) string {
	name, _, ok := strings.Cut(value, "=")
	if !ok || !secrets.ValidName(name) {
		return ""
	}
	return name
}
