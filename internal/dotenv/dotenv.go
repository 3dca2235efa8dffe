// Package dotenv reads variables from the .env files of Docker Compose and others, and from shell files of
// assignments. It runs and expands nothing. It knows the exact bytes of every assignment, so that a secret
// can be removed without changing anything else.
//
// Shells and Compose disagree about some lines: "A=x; export A" is the value "x" for a shell and "x; export
// A" for Compose. Parse reads every line both ways, and reports where the readings differ.
package dotenv

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
)

// Syntax is the syntax by which a file is read.
type Syntax string

// The readers.
const (
	Shell   Syntax = "shell"   // POSIX.1-2024, XCU 2, and bash's additions; parsed by mvdan.cc/sh
	Compose Syntax = "compose" // github.com/compose-spec/compose-go, package dotenv
)

// Entry is one assignment.
type Entry struct {
	Name string
	// Literal reports whether Value is the variable's value. It is false, and Value empty, if the value
	// needs expansion (${A}, $(id -u), `id`, ~), possibly needs it (an unescaped "$"), or differs between
	// the readings.
	Literal    bool
	Value      string // without quotes and escapes; any bytes but NUL
	Line       int    // first line, from 1
	Start, End int    // byte range in the file: from the name, or the "export" before it, to the end of the value
	// Differs, if not nil, has the two readings of a line that a shell and Compose read differently.
	Differs *Difference

	at     int  // position of the name
	nested bool // in a shell's compound command, which must not become empty
	prefix bool // in a shell, set for one command only
}

// Difference is how the two readers read one assignment.
type Difference struct{ Shell, Compose Reading }

// Reading is how one reader reads an assignment.
type Reading struct {
	Sets    bool // the variable is set here
	Literal bool // Value is the value; else it needs expansion
	Value   string
	Prefix  bool // the variable is set for one command only: NAME=value COMMAND
}

// Problem is a part of the file that is not an assignment, or cannot be read. The rest can still be used.
type Problem struct {
	Line   int // from 1
	Reason string
}

// Error returns the line and the reason. It quotes none of the file's text.
func (p Problem) Error() string { return fmt.Sprintf("line %d: %s", p.Line, p.Reason) }

// Parse returns a file's assignments, and what neither reader could use, both in file order. A name may
// occur several times; the last one counts for Compose and for shells.
//
// An assignment is literal if both readers agree on its value, or if one reads it and the other cannot read
// it at all: "A = x" sets nothing in a shell, and an escaped quote after a single-quoted string is an error
// for Compose. If both read it but disagree, the entry has Differs. Lines may end in CR LF. The CR is not
// part of the value, although a shell would include it.
func Parse(data []byte) ([]Entry, []Problem) {
	text, problems := prepare(data)
	if problems != nil {
		return nil, problems
	}
	shell, compose := readShell(text), readCompose(text)
	return sortOut(text, merge(text, shell, compose), notRead(text, shell, compose))
}

// ParseAs returns the assignments as one reader reads them, ignoring the other.
func ParseAs(data []byte, syntax Syntax) ([]Entry, []Problem) {
	text, problems := prepare(data)
	if problems != nil {
		return nil, problems
	}
	read := readCompose
	if syntax == Shell {
		read = readShell
	}
	r := read(text)
	return sortOut(text, r.entries, r.problems)
}

// prepare checks what both readers require. Positions in its result are those in data.
func prepare(data []byte) ([]byte, []Problem) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, []Problem{{1, "the file is UTF-16 text, and is read only as UTF-8"}}
	}
	return data, nil
}

// textStart returns where the text starts after a byte order mark.
func textStart(data []byte) int {
	return len(data) - len(bytes.TrimPrefix(data, []byte("\ufeff")))
}

// reading is one reader's result for a file.
type reading struct {
	entries  []Entry
	problems []Problem
	refused  []span // what it cannot read: only the other reader counts
}

// span is a range of bytes.
type span struct{ start, end int }

// cover reports whether a position is within a set of spans.
type cover struct {
	spans []span // sorted by start; each end is the largest up to there
}

func newCover(spans []span) cover {
	spans = slices.Clone(spans)
	slices.SortFunc(spans, func(a, b span) int { return cmp.Compare(a.start, b.start) })
	for i := 1; i < len(spans); i++ {
		spans[i].end = max(spans[i].end, spans[i-1].end)
	}
	return cover{spans}
}

func (c cover) has(at int) bool {
	// Find the first span that starts after at; the one before it has the largest end.
	i, _ := slices.BinarySearchFunc(c.spans, at+1, func(s span, at int) int { return cmp.Compare(s.start, at) })
	return i > 0 && at < c.spans[i-1].end
}

// values returns the spans of entries, in which the other reader may see a name.
func values(entries []Entry) cover {
	spans := make([]span, len(entries))
	for i, e := range entries {
		spans[i] = span{e.at, e.End}
	}
	return newCover(spans)
}

// merge combines the two readings of a file.
func merge(text []byte, shell, compose reading) []Entry {
	byPlace := func(entries []Entry) map[int]*Entry {
		m := make(map[int]*Entry, len(entries))
		for i := range entries {
			m[entries[i].at] = &entries[i]
		}
		return m
	}
	inShell, inCompose := byPlace(shell.entries), byPlace(compose.entries)
	shellValues, composeValues := values(shell.entries), values(compose.entries)
	shellRefused, composeRefused := newCover(shell.refused), newCover(compose.refused)
	var merged []Entry
	for i := range shell.entries {
		s := &shell.entries[i]
		c := inCompose[s.at]
		if c == nil || c.Name != s.Name {
			if composeValues.has(s.at) || !composeRefused.has(s.at) {
				merged = append(merged, differing(s, nil))
			} else {
				merged = append(merged, *s)
			}
			continue
		}
		if s.Literal != c.Literal || s.Value != c.Value || s.prefix {
			merged = append(merged, differing(s, c))
			continue
		}
		e := *s
		e.Start, e.End = min(s.Start, c.Start), max(s.End, c.End)
		merged = append(merged, e)
	}
	for i := range compose.entries {
		c := &compose.entries[i]
		if s := inShell[c.at]; s != nil && s.Name == c.Name {
			continue
		}
		// A shell may run the start of a line that it cannot read completely.
		cut := bytes.ContainsAny(text[c.at:c.End], ";&|") && strings.IndexByte(`"'`, text[c.End-1]) < 0
		if cut || shellValues.has(c.at) || !shellRefused.has(c.at) {
			merged = append(merged, differing(nil, c))
		} else {
			merged = append(merged, *c)
		}
	}
	slices.SortStableFunc(merged, func(a, b Entry) int { return cmp.Compare(a.at, b.at) })
	return settleLast(merged, shell.entries, compose.entries)
}

// differing returns an entry on which the readers disagree. A reader that does not set it is nil.
func differing(shell, compose *Entry) Entry {
	read := func(e *Entry) Reading {
		if e == nil {
			return Reading{}
		}
		return Reading{Sets: true, Literal: e.Literal, Value: e.Value, Prefix: e.prefix}
	}
	e := shell
	if e == nil {
		e = compose
	}
	return Entry{
		Name: e.Name, Line: e.Line, Start: e.Start, End: e.End, at: e.at, nested: e.nested,
		Differs: &Difference{Shell: read(shell), Compose: read(compose)},
	}
}

// settleLast marks names whose last value differs between the readers, as in "A=1" followed by "A = 2".
func settleLast(merged, shell, compose []Entry) []Entry {
	last := func(entries []Entry) map[string]*Entry {
		m := map[string]*Entry{}
		for i := range entries {
			m[entries[i].Name] = &entries[i]
		}
		return m
	}
	lastShell, lastCompose := last(shell), last(compose)
	for name, s := range lastShell {
		c := lastCompose[name]
		if c == nil || s.at == c.at || s.Literal && c.Literal && s.Value == c.Value {
			continue
		}
		for i := range slices.Backward(merged) {
			if merged[i].Name == name {
				d := differing(s, c)
				e := &merged[i]
				e.Differs, e.Literal, e.Value = d.Differs, false, ""
				break
			}
		}
	}
	return merged
}

// notRead returns the problems of lines that neither reader can use.
func notRead(text []byte, shell, compose reading) []Problem {
	used := map[int]bool{}
	for _, entries := range [][]Entry{shell.entries, compose.entries} {
		for _, e := range entries {
			for line, last := e.Line, e.Line+bytes.Count(text[e.Start:e.End], []byte("\n")); line <= last; line++ {
				used[line] = true
			}
		}
	}
	toShell := map[int]bool{}
	for _, p := range shell.problems {
		toShell[p.Line] = true
	}
	var problems []Problem
	for _, p := range compose.problems {
		if toShell[p.Line] && !used[p.Line] {
			problems = append(problems, p)
		}
	}
	return problems
}

// sortOut turns entries that cannot be stored into problems.
func sortOut(text []byte, entries []Entry, problems []Problem) ([]Entry, []Problem) {
	var kept []Entry
	for _, e := range entries {
		switch {
		case !secrets.ValidName(e.Name):
			problems = append(problems, Problem{e.Line, "not a name of an environment variable"})
		case bytes.ContainsRune(text[e.Start:e.End], 0) || strings.ContainsRune(e.Value, 0):
			problems = append(problems, Problem{e.Line, "a NUL byte in the value"})
		default:
			kept = append(kept, e)
		}
	}
	slices.SortStableFunc(problems, func(a, b Problem) int { return cmp.Compare(a.Line, b.Line) })
	return kept, slices.CompactFunc(problems, func(a, b Problem) bool { return a.Line == b.Line })
}

// lines finds the line of a position, for ascending positions.
type lines struct {
	data []byte
	pos  int
	line int // of pos, from 1
}

func (l *lines) of(pos int) int {
	if pos < l.pos {
		l.pos, l.line = 0, 1
	}
	l.line += bytes.Count(l.data[l.pos:pos], []byte{'\n'})
	l.pos = pos
	return l.line
}

// skip returns the first position from pos whose character is not in the set.
func skip(data []byte, pos int, in func(rune) bool) int {
	return len(data) - len(bytes.TrimLeftFunc(data[pos:], in))
}

// lineEnd returns the position of the line feed that ends pos's line, or the end of data.
func lineEnd(data []byte, pos int) int {
	if n := bytes.IndexByte(data[pos:], '\n'); n >= 0 {
		return pos + n
	}
	return len(data)
}
