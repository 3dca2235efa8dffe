package places

import (
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/pkg/validate"
)

// Assignment is a value that a line assigns to a variable.
type Assignment struct {
	Line  int    // counted from 1
	Name  string // empty for a key elsewhere: in a comment, or as a command's argument
	Value string
}

// Assignments returns the literal, non-empty values that a text assigns to variables:
//
//   - sh and dotenv: NAME=VALUE anywhere in a line, and the default of "${NAME:-VALUE}"
//   - fish: "set -x NAME VALUE", and the lines of fish_variables
//   - csh: "setenv NAME VALUE"
//   - nushell: "$env.NAME = VALUE"
//   - PowerShell: "$env:NAME = VALUE"
//   - YAML: "NAME: VALUE" and "- NAME=VALUE"
//   - without a name: the password of a URL, and any other word that is an NGC key
//
// It skips values with an expansion ("${NGC_API_KEY}", "$(ragenv get NGC_API_KEY)"). Each line is read
// alone, so an unclosed quote does not hide the next lines.
func Assignments(text string) []Assignment {
	var found []Assignment
	number := 0
	for line := range strings.Lines(text) {
		number++
		found = append(found, lineAssignments(number, strings.TrimRight(line, "\r\n"))...)
	}
	return found
}

func lineAssignments(number int, line string) []Assignment {
	var found []Assignment
	add := func(name, value string) {
		isThere := slices.ContainsFunc(found, func(a Assignment) bool { return a.Name == name && a.Value == value })
		if !isThere && secrets.ValidName(name) && value != "" && !IsNGCKey(name) { // names appear in output
			found = append(found, Assignment{number, name, value})
		}
	}
	if variable, ok := strings.CutPrefix(line, "SETUVAR "); ok {
		variable = strings.TrimPrefix(variable, "--export ")
		if name, value, ok := strings.Cut(variable, ":"); ok {
			add(name, unescapeFish(value))
		}
		return found
	}
	for _, pattern := range []lazyregexp.Regexp{envOfShells, defaultOfExpansion, ofYAML} {
		for _, match := range pattern().FindAllStringSubmatch(line, -1) {
			if value := unquote(match[2]); !strings.ContainsAny(value, "$`") {
				add(match[1], value)
			}
		}
	}
	for _, match := range passwordOfURL().FindAllStringSubmatch(line, -1) {
		found = append(found, Assignment{Line: number, Value: match[1]})
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
	for _, token := range strings.FieldsFunc(line, func(r rune) bool { return strings.ContainsRune(" \t=:\"'`;|&()<>,#\\[]{}@", r) }) {
		token = strings.TrimLeft(token, "-+?") // the default in ${NAME:-KEY}
		isKnown := slices.ContainsFunc(found, func(a Assignment) bool { return a.Value == token })
		if IsNGCKey(token) && !isKnown {
			found = append(found, Assignment{Line: number, Value: token})
		}
	}
	return found
}

// Ways to name a value that are not shell words.
var (
	envOfShells        = lazyregexp.New(`(?i)\$env[.:]([A-Za-z_][A-Za-z0-9_]*)\s*=\s*("[^"]*"|'[^']*'|[^\s;]+)`)
	defaultOfExpansion = lazyregexp.New(`\$\{([A-Za-z_][A-Za-z0-9_]*):?[-=]([^${}]+)\}`)
	ofYAML             = lazyregexp.New(`^\s*(?:-\s+)?([A-Za-z_][A-Za-z0-9_]*):\s+("[^"]*"|'[^']*'|[^\s#"'][^\s#]*)`)
	passwordOfURL      = lazyregexp.New(`[a-z]://[^\s:/@'"]*:([^\s/@'"$]+)@`)
)

func unquote(value string) string {
	if len(value) >= 2 && (value[0] == '"' || value[0] == '\'') && value[len(value)-1] == value[0] {
		return value[1 : len(value)-1]
	}
	return value
}

// IsNGCKey reports whether a word has the shape of an NGC key, which nothing else has.
func IsNGCKey(word string) bool {
	switch validate.Identify(word) {
	case validate.NGCPersonal, validate.NGCStaging, validate.NGCLegacy:
		return validate.Worst(validate.Check(validate.NGC, word)) < validate.Unusual
	}
	return false
}

// shellWord is a word of a line, without quotes.
type shellWord struct {
	text    string
	expands bool // it has an expansion, so the shell reads another text
}

// shellWords splits a line almost like a shell, closely enough to find assignments. A comment ends the
// line. An unclosed quote ends with it.
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
	var quoted byte // the open quote
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
		case c == '$' && i+1 < len(line) && !strings.ContainsRune(" \t\"'", rune(line[i+1])), c == '`':
			word.expands, started = true, true
			text.WriteByte(c)
		case quoted != 0:
			text.WriteByte(c)
		case c == '\'' || c == '"':
			quoted, started = c, true
		case strings.ContainsRune(" \t;|&()<>", rune(c)):
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

// unescapeFish decodes \xHH in fish_variables.
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
