package doctor

import (
	"errors"
	"io/fs"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/pkg/validate"
)

// assignment is a value that a line of a start-up or .env file gives a variable.
type assignment struct {
	line  int    // from 1
	name  string // empty for a key that lies there otherwise: in a comment, or as a command's argument
	value string
}

const maxTextFile = 1 << 20 // bytes; what is longer was not written by hand

var errNotText = errors.New("not a text file of reasonable size")

// readText reads a regular file that a person may have written. Errors: errNotText, and those of package os.
func readText(path string) (string, error) {
	data, err := readfile.Read(path, 0, maxTextFile)
	var irregular *readfile.NotRegularError
	if errors.Is(err, readfile.ErrTooLarge) || errors.As(err, &irregular) {
		err = &fs.PathError{Op: "read", Path: path, Err: errNotText}
	}
	return string(data), err
}

// assignments returns the literal, non-empty values that a text gives to variables: NAME=VALUE anywhere in a line of sh or
// of a dotenv file, "set -x NAME VALUE" of fish, "setenv NAME VALUE" of csh, and the lines of fish_variables. A value with an
// expansion ("${NGC_API_KEY}", "$(ragenv get NGC_API_KEY)") is none. Lines stand for themselves: a quote left open in one
// must not hide the others.
func assignments(text string) []assignment {
	var found []assignment
	number := 0
	for line := range strings.Lines(text) {
		number++
		found = append(found, lineAssignments(number, strings.TrimRight(line, "\r\n"))...)
	}
	return found
}

func lineAssignments(number int, line string) []assignment {
	var found []assignment
	add := func(name, value string) {
		if secrets.ValidName(name) && value != "" && !isNGCKey(name) { // names are shown
			found = append(found, assignment{number, name, value})
		}
	}
	if variable, ok := strings.CutPrefix(line, "SETUVAR "); ok {
		variable = strings.TrimPrefix(variable, "--export ")
		if name, value, ok := strings.Cut(variable, ":"); ok {
			add(name, unescapeFish(value))
		}
		return found
	}
	words := shellWords(line)
	for i, word := range words {
		if name, value, ok := strings.Cut(word.text, "="); ok && !word.expands {
			add(name, value)
		}
		if word.text == "setenv" && i+2 < len(words) && !words[i+2].expands {
			add(words[i+1].text, words[i+2].text)
		}
		if word.text == "set" {
			rest := words[i+1:]
			for len(rest) > 0 && strings.HasPrefix(rest[0].text, "-") {
				rest = rest[1:]
			}
			if len(rest) >= 2 && !rest[1].expands {
				add(rest[0].text, rest[1].text)
			}
		}
	}
	for _, token := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t=:\"'`;|&()<>,#\\", r) }) {
		isKnown := slices.ContainsFunc(found, func(a assignment) bool { return a.value == token })
		if isNGCKey(token) && !isKnown {
			found = append(found, assignment{line: number, value: token})
		}
	}
	return found
}

// isNGCKey tells whether a word can be nothing else.
func isNGCKey(word string) bool {
	switch validate.Identify(word) {
	case validate.NGCPersonal, validate.NGCStaging, validate.NGCLegacy:
		return validate.Worst(validate.Check(validate.NGC, word)) < validate.Unusual
	}
	return false
}

// shellWord is a word of a line, without its quotes.
type shellWord struct {
	text    string
	expands bool // it holds an expansion, so its text is not what the shell makes of it
}

// shellWords splits a line like a shell does, near enough to find assignments. A comment ends it, a quote left open ends
// with the line.
func shellWords(line string) []shellWord {
	var words []shellWord
	var word shellWord
	var text strings.Builder
	started := false
	end := func() {
		if started {
			word.text = text.String()
			words = append(words, word)
		}
		word, started = shellWord{}, false
		text.Reset()
	}
	var quoted byte // the quote that is open
	for i := 0; i < len(line); i++ {
		c := line[i]
		switch {
		case quoted != 0 && c == quoted:
			quoted = 0
		case quoted == '\'':
			text.WriteByte(c)
		case c == '\\' && i+1 < len(line):
			i++
			started = true
			text.WriteByte(line[i])
		case c == '$' && i+1 < len(line) && strings.IndexByte(" \t\"'", line[i+1]) < 0, c == '`':
			word.expands, started = true, true
			text.WriteByte(c)
		case quoted != 0:
			text.WriteByte(c)
		case c == '\'' || c == '"':
			quoted, started = c, true
		case strings.IndexByte(" \t;|&()<>", c) >= 0:
			end()
		case c == '#' && !started:
			return words
		default:
			started = true
			text.WriteByte(c)
		}
	}
	end()
	return words
}

// unescapeFish undoes the \xHH of fish_variables.
func unescapeFish(value string) string {
	const hex = "0123456789abcdef"
	var b strings.Builder
	for i := 0; i < len(value); i++ {
		if value[i] == '\\' && i+3 < len(value) && value[i+1] == 'x' {
			hi, lo := strings.IndexByte(hex, value[i+2]|0x20), strings.IndexByte(hex, value[i+3]|0x20)
			if hi >= 0 && lo >= 0 {
				b.WriteByte(byte(hi<<4 | lo))
				i += 3
				continue
			}
		}
		b.WriteByte(value[i])
	}
	return b.String()
}

// relation is what a value found somewhere has to do with what is stored.
type relation int

const (
	noKey     relation = iota
	storedKey          // the very value that is stored
	otherKey           // another one than the stored
	strayKey           // a key, and nothing is stored to compare it with, or it cannot be read
)

// judge compares a value with what is stored. of is the stored name that it is, or should be; for a strayKey the variable.
func (w *World) judge(a assignment) (r relation, of string) {
	for _, item := range w.envItems() { // whatever it is called there
		if value := item.Secret.Reveal(); value == a.value && len(value) >= minSecret {
			return storedKey, item.Name
		}
	}
	if a.name == "" {
		return strayKey, "an NGC key"
	}
	if source, ok := w.source(a.name); ok {
		if _, ok := w.value(source); ok {
			return otherKey, source
		}
	}
	if w.isKey(a) {
		return strayKey, a.name
	}
	return noKey, ""
}

// isKey tells by its shape alone whether a value is a key.
func (w *World) isKey(a assignment) bool {
	if isNGCKey(a.value) {
		return true
	}
	kind := secrets.KindOf(a.name)
	return kind != validate.Text && validate.Worst(validate.Check(kind, a.value)) < validate.Unusual
}

// minSecret is the length below which equal values mean nothing: a stored user name "admin" is all over the place.
const minSecret = 8

// knownVariables returns the names of the table, with their aliases.
func knownVariables() []string {
	var names []string
	for _, known := range secrets.All() {
		names = append(append(names, known.Name), known.Aliases...)
	}
	slices.Sort(names)
	return slices.Compact(names)
}
