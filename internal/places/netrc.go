package places

import (
	"bytes"
	"strings"

	"github.com/ragenv/ragenv/internal/lazyregexp"
	"github.com/ragenv/ragenv/internal/secrets"
)

// netrcStart matches the beginning of a netrc file, because enroot's has no fixed name.
var netrcStart = lazyregexp.New(`^(?:#[^\n]*\n\s*)*(?:machine|default)\s`)

var netrcWord = lazyregexp.New(`"(?:[^"\\]|\\.)*"|\S+`)

// netrcEntry is a machine in a netrc file, with the positions of its words.
type netrcEntry struct {
	machine, login string
	start, end     int // from "machine" to after its last word
	password       [2]int
}

// netrcEntries parses words, and comments to the end of a line, as curl, git and enroot do.
func netrcEntries(text []byte) []netrcEntry {
	var entries []netrcEntry
	word := ""
	for _, m := range netrcWord().FindAllIndex(uncommented(text), -1) {
		value := string(text[m[0]:m[1]])
		var entry *netrcEntry
		if len(entries) > 0 {
			entry = &entries[len(entries)-1]
		}
		switch {
		case word == "machine":
			entry.machine, entry.end, word = value, m[1], ""
		case word == "login" && entry != nil:
			entry.login, entry.end, word = unquote(value), m[1], ""
		case word == "password" && entry != nil:
			entry.password, entry.end, word = [2]int{m[0], m[1]}, m[1], ""
		case word != "":
			word = ""
		case value == "machine" || value == "default":
			entries = append(entries, netrcEntry{start: m[0], end: m[1]})
			if value == "machine" {
				word = value
			}
		default:
			word = value
		}
	}
	return entries
}

// uncommented blanks out the comments in text and keeps all positions. A "#" inside a word starts no
// comment.
func uncommented(text []byte) []byte {
	out := bytes.Clone(text)
	for i := range out {
		if out[i] == '#' && (i == 0 || out[i-1] == '\n' || out[i-1] == ' ' || out[i-1] == '\t') {
			for j := i; j < len(out) && out[j] != '\n'; j++ {
				out[j] = ' '
			}
		}
	}
	return out
}

func readNetrc(text []byte) []Value {
	var values []Value
	for _, entry := range netrcEntries(text) {
		if entry.password[1] == 0 {
			continue
		}
		v := Value{
			Label: "password of " + entry.machine, Name: nameFor(entry.machine), Value: unquote(string(text[entry.password[0]:entry.password[1]])),
			Line: lineOf(text, entry.password[0]), start: entry.password[0], end: entry.password[1],
		}
		// Without a password, curl would ask for one, so the whole entry is removed if nothing else is on
		// its lines.
		lineStart := bytes.LastIndexByte(text[:entry.start], '\n') + 1
		if rest, _, _ := bytes.Cut(text[entry.end:], []byte("\n")); len(bytes.TrimSpace(text[lineStart:entry.start])) == 0 && len(bytes.TrimSpace(rest)) == 0 {
			v.start, v.end = entry.start, entry.end
			v.instead = "# " + entry.machine + " is now kept by ragenv"
		}
		values = append(values, v)
	}
	return values
}

// enrootPassword replaces the password. enroot evaluates it: if the sixth field of a line begins with "$",
// enroot passes it to a shell (common::evalnetrc in its src/common.sh).
const enrootPassword = "$(ragenv get " + secrets.NGCAPIKey + ")"

func readEnroot(text []byte) []Value {
	var values []Value
	for _, entry := range netrcEntries(text) {
		if entry.password[1] == 0 {
			continue
		}
		value := unquote(string(text[entry.password[0]:entry.password[1]]))
		if strings.HasPrefix(value, "$") {
			continue // evaluated, as ours is
		}
		v := Value{
			Label: "password of " + entry.machine, Name: nameFor(entry.machine), Value: value, Line: lineOf(text, entry.password[0]),
			start: entry.password[0], end: entry.password[1], instead: enrootPassword,
		}
		lineStart := bytes.LastIndexByte(text[:v.start], '\n') + 1
		if len(bytes.Fields(text[lineStart:v.start])) != 5 {
			v.end = v.start // enroot would not evaluate it there
		}
		values = append(values, v)
	}
	return values
}
