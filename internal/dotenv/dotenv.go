// Package dotenv reads files of variables: the .env files of Docker Compose and others, and files of export lines for a shell
// to source. It runs and expands nothing, and it knows the place of every assignment to the byte, so that a secret can be
// taken out of a file without changing anything else.
package dotenv

import (
	"bytes"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/secrets"
)

// Entry is one assignment.
type Entry struct {
	Name string

	// Literal tells whether the value stands in the file as it is. A value that has to be expanded (${A}, $(id -u), `id`, ~)
	// is not literal, and Value is then empty. When in doubt (an unescaped "$" anywhere) it is not literal.
	Literal bool
	Value   string // without quotes and escapes; any bytes but NUL

	Line       int // where it starts, from 1
	Start, End int // its bytes in the file: from the name, or from the "export" before it, to the end of the value
}

// Problem is something in the file that is no assignment, or none that can be read. It is no reason not to use the rest.
type Problem struct {
	Line   int // from 1
	Reason string
}

// Error says where and what; it shows none of the file's text.
func (p Problem) Error() string { return fmt.Sprintf("line %d: %s", p.Line, p.Reason) }

// Parse returns the assignments of a file and what it could not read, both in the order of the file. A name may come more
// than once: for Compose and for shells the last one counts.
//
// A line that starts with export is read as a shell reads it (POSIX.1-2024, XCU 2.2 and 2.3). Every other is read as
// Docker Compose reads it (github.com/compose-spec/compose-go, package dotenv), or as a shell where quoted and other text
// make one word, which Compose cannot read. The two agree on what people write but in this: in double quotes, \n is a line
// feed only for Compose, and without quotes a value ends at the first space only for a shell.
//
// Lines may end in CR LF. Lines that only name a variable are passed over.
func Parse(data []byte) ([]Entry, []Problem) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) {
		return nil, []Problem{{1, "the file is UTF-16 text, and is read only as UTF-8"}}
	}
	p := parser{data: data, line: 1}
	p.moveTo(len(data) - len(bytes.TrimPrefix(data, []byte("\ufeff"))))
	for p.next() {
	}
	return p.entries, p.problems
}

type parser struct {
	data     []byte
	pos      int
	line     int // of pos
	entries  []Entry
	problems []Problem
}

func (p *parser) moveTo(pos int) {
	p.line += bytes.Count(p.data[p.pos:pos], []byte{'\n'})
	p.pos = pos
}

// lineEnd returns where the line feed that ends the line of pos is, or the end of the data.
func (p *parser) lineEnd(pos int) int {
	if n := bytes.IndexByte(p.data[pos:], '\n'); n >= 0 {
		return pos + n
	}
	return len(p.data)
}

// next reads one statement; false at the end.
func (p *parser) next() bool {
	p.moveTo(p.skip(p.pos, func(r rune) bool { return unicode.IsSpace(r) || r == ';' }))
	switch {
	case p.pos == len(p.data):
		return false
	case p.data[p.pos] == '#':
		p.moveTo(p.lineEnd(p.pos))
	case isExport(p.data[p.pos:]):
		p.exportStatement()
	default:
		p.composeStatement()
	}
	return true
}

// fail notes why the statement at pos cannot be read, and goes on after its line.
func (p *parser) fail(reason string) {
	p.problems = append(p.problems, Problem{p.line, reason})
	p.moveTo(p.lineEnd(p.pos))
}

// add notes the assignment that starts at start, which is pos or an export before it, unless nothing could be stored under its
// name or as its value. It goes on behind it.
func (p *parser) add(name string, start int, v value) {
	line := p.line - bytes.Count(p.data[start:p.pos], []byte{'\n'})
	switch {
	case !secrets.ValidName(name):
		p.problems = append(p.problems, Problem{line, "not a name of an environment variable"})
	case v.literal && strings.IndexByte(v.text, 0) >= 0:
		p.problems = append(p.problems, Problem{line, "a NUL byte in the value"})
	default:
		e := Entry{Name: name, Literal: v.literal, Line: line, Start: start, End: v.end}
		if v.literal {
			e.Value = v.text
		}
		p.entries = append(p.entries, e)
	}
	p.moveTo(v.end)
}

// value is what a reader of values found.
type value struct {
	text    string // if literal
	literal bool
	end     int // behind its last byte
}

// skip returns the first position from pos whose character is not in the set.
func (p *parser) skip(pos int, in func(rune) bool) int {
	for pos < len(p.data) {
		r, size := utf8.DecodeRune(p.data[pos:])
		if !in(r) || r == utf8.RuneError && size == 1 {
			break
		}
		pos += size
	}
	return pos
}
