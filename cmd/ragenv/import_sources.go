package main

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// stdinFile stands for standard input among the files.
const stdinFile = "-"

// importSource is a list of variables with where they come from.
type importSource struct {
	path    string         // empty for what is no file
	title   string         // for people
	entries []dotenv.Entry // Line is 0 where there are no lines

	format *places.Format   // of another program's file; nil for a list of variables
	values []places.Value   // of such a file
	unread error            // the first line with a key that could not be read
	logins []plaintextLogin // of a file of Docker's format
}

func (source importSource) at(entry dotenv.Entry) string {
	if entry.Line == 0 {
		return source.title
	}
	return fmt.Sprintf("%s line %d", source.title, entry.Line)
}

// readImportFiles reads every file before anything is stored.
func (s *session) readImportFiles(o importOptions) ([]importSource, error) {
	var sources []importSource
	for _, path := range o.files {
		source, err := s.readImportFile(path, o)
		if err != nil {
			return nil, err
		}
		sources = append(sources, source)
	}
	return sources, nil
}

func (s *session) readImportFile(path string, o importOptions) (importSource, error) {
	source := importSource{path: path, title: path}
	var data []byte
	var err error
	if path == stdinFile {
		source.path, source.title = "", "standard input"
		if data, err = io.ReadAll(io.LimitReader(s.stdin, atomicfile.MaxSize+1)); err == nil && len(data) > atomicfile.MaxSize {
			err = errors.New("standard input is too long for a file of variables")
		}
	} else {
		data, err = atomicfile.Read(path)
	}
	if err != nil {
		hint := ""
		var target *atomicfile.TargetError
		switch {
		case errors.Is(err, fs.ErrNotExist):
			hint = "ragenv import FILE, with the path of a file that is there"
		case errors.As(err, &target):
			hint = "ragenv import - < FILE, which reads it and cannot change it"
		}
		return source, ui.Errorf(hint, "%w", err)
	}
	text, err := decodeImport(source, data)
	if err != nil {
		return source, err
	}
	text = bytes.TrimPrefix(text, []byte("\ufeff"))
	isJSON := bytes.HasPrefix(bytes.TrimLeft(text, " \t\r\n"), []byte("{"))
	if o.remove && source.path == "" {
		return source, ui.Usagef("run it without --remove, and delete "+source.title+" then", "--remove cannot change %s", source.title)
	}
	if source.format = places.FormatOf(path, text); source.format != nil {
		s.readPlace(&source, text, o)
		return source, nil
	}
	if isJSON && places.IsDockerConfig(text) {
		source.logins, err = s.fileLogins(source, text, o)
		return source, err
	}
	if o.remove && isJSON {
		return source, ui.Usagef("run it without --remove, and delete "+source.title+" then", "--remove cannot leave a comment in %s", ui.Printable(source.title))
	}
	if isJSON {
		source.entries, err = s.jsonEntries(source.title, text)
		return source, err
	}
	var problems []dotenv.Problem
	source.entries, problems = readVariables(text, o.as)
	if len(problems) > 0 {
		s.print.Note("%s: skipped lines that are not simple assignments, first line %d: %s", ui.Printable(source.title), problems[0].Line, problems[0].Reason)
	}
	source.unread = unreadKey(source.title, text, problems, o)
	return source, nil
}

// decodeImport returns a file's text. Error: that it is none.
func decodeImport(source importSource, data []byte) ([]byte, error) {
	name := ui.Printable(source.title)
	switch text, _, err := bom.Decode(data); {
	case err != nil:
		return nil, ui.Errorf("write the file again; nothing was stored", "%s: %w", name, err)
	case bom.Unmarked(data):
		order := "UTF-16LE"
		if data[0] == 0 {
			order = "UTF-16BE"
		}
		from := ""
		if source.path != "" {
			from = " " + shellquote.Word(source.path)
		}
		return nil, ui.Errorf("iconv -f "+order+" -t UTF-8"+from+" | ragenv import -", "%s: %w", name, bom.ErrUnmarked)
	case bytes.IndexByte(text, 0) >= 0:
		return nil, ui.Errorf("", "%s: it has NUL bytes, so it is not a text file", name)
	default:
		return text, nil
	}
}

// powershell begins what PowerShell calls an assignment of an environment variable.
var powershell = regexp.MustCompile(`(?i)^\s*\$(?:\{env:|env:)`)

// unreadKey returns an error for the first line that cannot be read and seems to have a key that is wanted; nil if there is none.
func unreadKey(title string, text []byte, problems []dotenv.Problem, o importOptions) error {
	lines := strings.Split(string(text), "\n")
	for _, problem := range problems {
		if problem.Line < 1 || problem.Line > len(lines) {
			continue
		}
		line := lines[problem.Line-1]
		names := strings.FieldsFunc(line, func(r rune) bool { return r != '_' && r != '-' && !unicode.IsLetter(r) && !unicode.IsDigit(r) })
		if strings.HasPrefix(strings.TrimSpace(line), "#") ||
			!slices.ContainsFunc(names, func(word string) bool { return word != "" && (o.wants(word) && !o.all || secrets.LooksLikeKey(word)) }) {
			continue
		}
		at := fmt.Sprintf("%s line %d", ui.Printable(title), problem.Line)
		if powershell.MatchString(line) {
			return ui.Errorf("run that file in PowerShell, then there: ragenv import --from-env", "%s was not imported: it is an assignment of PowerShell", at)
		}
		return ui.Errorf("write the line as NAME=value, and import the file again", "%s was not imported: %s", at, problem.Reason)
	}
	return nil
}

// readVariables reads a file as both readers do, or as the one that was named.
func readVariables(data []byte, as dotenv.Syntax) ([]dotenv.Entry, []dotenv.Problem) {
	if as == "" {
		return dotenv.Parse(data)
	}
	return dotenv.ParseAs(data, as)
}

// checkReadings refuses a file in which a wanted line is read differently by a shell and by Compose.
func (s *session) checkReadings(source importSource, o importOptions) error {
	var refused *dotenv.Entry
	for i, entry := range source.entries {
		if entry.Differs == nil || !o.wants(entry.Name) {
			continue
		}
		refused = &source.entries[i]
		d := entry.Differs
		s.print.Warn("%s: %s is %s for a shell and %s for Compose", ui.Printable(source.at(entry)), entry.Name, showReading(d.Shell), showReading(d.Compose))
	}
	if refused == nil {
		return nil
	}
	again := "ragenv import" + s.forProfile()
	if o.only != nil {
		again += " --only " + strings.Join(o.only, ",")
	}
	if o.remove {
		again += " --remove"
	}
	path := source.path
	if path == "" {
		path = stdinFile
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
	// The first word is what both readings begin with; of the rest, its length says enough.
	word := r.Value
	if end := strings.IndexAny(word, " \t\n;&|"); end > 0 {
		word = word[:end]
	}
	text := validate.Mask(word)
	if more := len(r.Value) - len(word); more > 0 {
		text += " and " + count(more, "more byte")
	}
	if r.Prefix {
		text += " (for one command)"
	}
	return text
}

// wants reports whether a variable of a file is to be stored.
func (o importOptions) wants(name string) bool {
	_, isKnown := secrets.Lookup(name)
	return isKnown && o.only == nil || o.all || slices.Contains(o.only, name)
}

// jsonEntries reads one JSON object of name to value, as ragenv export writes it.
func (s *session) jsonEntries(title string, data []byte) ([]dotenv.Entry, error) {
	notExport := ui.Errorf("ragenv export --format json writes such a file", "%s is not one JSON object of names and texts", ui.Printable(title))
	var object map[string]json.RawMessage
	if !utf8.Valid(data) || json.Unmarshal(data, &object) != nil { // the decoder's own message may show a piece of the file
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

// environmentSource has the known keys, or those that only names, as this process got them.
func (s *session) environmentSource(only []string) importSource {
	source := importSource{title: "the environment"}
	names := only
	if names == nil {
		for _, known := range secrets.All() {
			names = append(names, known.Name)
		}
	}
	for _, name := range names {
		source.entries = append(source.entries, dotenv.Entry{Name: name, Value: s.getenv(name), Literal: true})
	}
	return source
}

// selectKeys picks what is to be stored from a source. Of several assignments of one name the last counts, as it does for
// shells and Compose.
func (s *session) selectKeys(source importSource, o importOptions) []importable {
	var found []importable
	values := map[string]string{}
	for _, entry := range source.entries {
		values[entry.Name] = entry.Value
	}
	leader := leaders(s.aliases())
	others := 0
	for i, entry := range source.entries {
		if slices.ContainsFunc(source.entries[i+1:], func(later dotenv.Entry) bool { return later.Name == entry.Name }) {
			continue
		}
		wanted := o.wants(entry.Name)
		switch reason := secrets.CheckName(entry.Name); {
		case !entry.Literal && wanted:
			say := s.print.Warn
			if leader[entry.Name] != "" { // most often it is expanded to the name it follows anyway
				say = s.print.Note
			}
			say("%s: %s has to be expanded, and is left alone", ui.Printable(source.at(entry)), ui.Printable(entry.Name))
			continue
		case entry.Value == "":
			continue
		case !wanted && secrets.LooksLikeKey(entry.Value) && reason == nil:
			s.print.Note("%s: %s looks like a key too (--only %s takes it)", ui.Printable(source.at(entry)), entry.Name, entry.Name)
			continue
		case !wanted:
			others++
			continue
		case reason != nil:
			s.print.Warn("%s: left alone: %v", ui.Printable(source.at(entry)), reason)
			continue
		}
		key := importable{name: entry.Name, from: source.at(entry)}
		key.item = keychain.Item{Ref: s.envRef(entry.Name), Secret: keychain.NewSecret(entry.Value)}
		if name := leader[entry.Name]; name != "" && values[name] == entry.Value {
			key.follows = name
		}
		found = append(found, key)
	}
	if others > 0 && o.only == nil {
		s.print.Note("%s: %s not known as keys are left alone (--all takes them)", ui.Printable(source.title), count(others, "variable"))
	}
	return found
}

// leaders gives each alias the name it follows.
func leaders(aliases map[string][]string) map[string]string {
	leader := map[string]string{}
	for name, followers := range aliases {
		for _, alias := range followers {
			leader[alias] = name
		}
	}
	return leader
}

// removeFromFile takes out of a file the assignments of keys that the keychain has, also an earlier one and one of a name
// that follows the key's.
func (s *session) removeFromFile(source importSource, kept map[keychain.Ref]keychain.Secret, o importOptions) error {
	leader := leaders(s.aliases())
	isKept := func(entry dotenv.Entry) bool {
		for _, name := range []string{entry.Name, leader[entry.Name]} {
			if secret, ok := kept[s.envRef(name)]; ok && entry.Literal && secret == keychain.NewSecret(entry.Value) {
				return true
			}
		}
		return false
	}
	switch {
	case source.path == "":
		return nil
	case source.format != nil:
		return s.removeFromPlace(source, kept, o)
	case source.logins != nil:
		return s.removeFileLogins(source, kept, o)
	}
	disk, err := atomicfile.Read(source.path)
	if err != nil {
		return err
	}
	old, encoding, err := bom.Decode(disk)
	if err != nil {
		return err
	}
	entries, _ := readVariables(old, o.as)
	var removed []dotenv.Entry
	var failed error
	data := old
	for _, entry := range entries {
		if !isKept(entry) {
			if _, ok := kept[s.envRef(entry.Name)]; ok && entry.Literal && entry.Value != "" {
				s.print.Warn("%s line %d holds another value of %s, which stays there", ui.Printable(source.path), entry.Line, entry.Name)
			}
			continue
		}
		if _, err := dotenv.Remove(old, []dotenv.Entry{entry}); err != nil {
			failed = s.afterwards(failed, ui.Errorf(shellquote.Edit(source.path, entry.Line), "%s: %s %s: %w", ui.Printable(source.path), entry.Name, o.stays(), err))
			continue
		}
		removed = append(removed, entry)
	}
	if len(removed) == 0 {
		return failed
	}
	if data, err = dotenv.Remove(old, removed); err != nil {
		return s.afterwards(failed, err)
	}
	var names []string
	for _, entry := range removed {
		names = append(names, entry.Name)
	}
	if o.dryRunOnly {
		s.print.Note("would be removed from %s: %s", ui.Printable(source.path), strings.Join(names, ", "))
		return failed
	}
	if err := atomicfile.Replace(source.path, disk, bom.Encode(data, encoding), 0o600); err != nil {
		return s.afterwards(failed, fmt.Errorf("the keys are stored, but stay in the file too: %w", err))
	}
	s.print.Note("removed from %s: %s", ui.Printable(source.path), strings.Join(names, ", "))
	s.afterRemoval(source, names)
	return failed
}

// plaintextLogins returns the logins in Docker's config.json that can be kept: that of nvcr.io, or every one.
func (s *session) plaintextLogins(o importOptions) ([]plaintextLogin, error) {
	f, err := dockerconfig.Load(s.dockerConfigPath())
	if err != nil {
		return nil, dockerConfigError(err)
	}
	logins, unkept := s.readLogins(f, o.all)
	for _, login := range unkept {
		s.print.Warn("the login for %s in config.json cannot be kept: %s", login.server, login.reason)
	}
	return slices.DeleteFunc(logins, func(login plaintextLogin) bool {
		return o.only != nil && !slices.Contains(o.only, login.item.Name)
	}), nil
}

// removeLogins takes kept logins out of config.json where Docker asks a helper anyway. Docker would lose the others.
func (s *session) removeLogins(logins []plaintextLogin, kept map[keychain.Ref]keychain.Secret, o importOptions) error {
	var moved []plaintextLogin
	for _, login := range logins {
		if secret, ok := kept[login.item.Ref]; ok && secret == login.item.Secret {
			moved = append(moved, login)
		}
	}
	if len(moved) == 0 {
		return nil
	}
	var needed error
	changed, err := editUnlessDry(o, s.dockerConfigPath(), func(f *dockerconfig.File) error {
		needed = nil
		ignored := f.IgnoredAuths()
		clearMoved(f, slices.DeleteFunc(slices.Clone(moved), func(login plaintextLogin) bool {
			if slices.Contains(ignored, login.auth) {
				return false
			}
			needed = ui.Errorf("ragenv docker configure (with --store for every registry): it moves them", "the login for %s stays in config.json: Docker does not ask %s yet", login.auth.Server, helperProgram)
			return true
		}))
		return nil
	})
	if err != nil {
		return dockerConfigError(err)
	}
	switch {
	case o.dryRunOnly && len(moved) > 0 && needed == nil:
		s.print.Note("would be removed from %s: what Docker asks a helper for", s.dockerConfigPath())
	case changed:
		s.print.Note("removed from %s: what Docker asks a helper for", s.dockerConfigPath())
	}
	return needed
}

// editUnlessDry edits a config.json, or for a dry run only the copy that was read.
func editUnlessDry(o importOptions, path string, change func(*dockerconfig.File) error) (changed bool, err error) {
	if !o.dryRunOnly {
		return dockerconfig.Edit(path, change)
	}
	f, err := dockerconfig.Load(path)
	if err != nil {
		return false, err
	}
	return false, change(f)
}
