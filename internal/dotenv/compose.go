package dotenv

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// composeStatement reads a statement of Compose's format, in which a line may be "NAME = value" and "NAME: value" too.
func (p *parser) composeStatement() {
	end, delimiter := p.composeName()
	if end < 0 {
		p.fail("not an assignment")
		return
	}
	name := strings.TrimRightFunc(string(p.data[p.pos:end]), unicode.IsSpace)
	if strings.Contains(name, " ") {
		p.fail("a space in the variable's name")
		return
	}
	if delimiter == 0 {
		p.moveTo(end) // only a name: Compose takes its value from the environment
		return
	}
	start := p.skip(end+1, composeSpace)
	v, reason := p.composeValue(start)
	if p.pos+len(name) == end && delimiter == '=' && start == end+1 && (reason != "" || !p.composeEnds(v.end)) {
		// Compose would take the rest of the line for another statement, or half a file for this value. A shell may read it.
		v, reason = p.shellValue(start)
	}
	if reason != "" {
		p.fail(reason)
		return
	}
	p.add(name, p.pos, v)
}

// composeName returns where the name at pos ends and what ends it: '=', ':', or 0 at the line's end. It returns -1 if Compose
// refuses the line.
func (p *parser) composeName() (end int, delimiter byte) {
	for pos := p.pos; pos < len(p.data); {
		r, size := utf8.DecodeRune(p.data[pos:])
		switch {
		case r == '=' || r == ':':
			return pos, byte(r)
		case r == '\n':
			return pos, 0
		case !composeSpace(r) && !strings.ContainsRune("_.-[]", r) && !unicode.IsLetter(r) && !unicode.IsNumber(r):
			return -1, 0
		}
		pos += size
	}
	return len(p.data), 0
}

// composeSpace is Compose's isSpace: not the line feed, and no spaces of other scripts.
func composeSpace(r rune) bool { return strings.ContainsRune("\t\v\f\r \u0085\u00a0", r) }

// composeEnds tells whether nothing follows a value that a shell would still take as a part of it.
func (p *parser) composeEnds(pos int) bool {
	if pos == len(p.data) {
		return true
	}
	r, _ := utf8.DecodeRune(p.data[pos:])
	return r == '#' || unicode.IsSpace(r)
}

func (p *parser) composeValue(start int) (value, string) {
	if start < len(p.data) && (p.data[start] == '"' || p.data[start] == '\'') {
		return p.composeQuoted(start)
	}
	text := string(p.data[start:p.lineEnd(start)])
	text, _, _ = strings.Cut(text, " #")
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	return value{text: text, literal: !strings.ContainsAny(text, "$`"), end: start + len(text)}, ""
}

// composeQuoted reads a value in quotes. Compose works in two passes, and so does this: a backslash keeps the quote behind it
// from ending the value, and goes; then, in double quotes only, the other escapes are replaced.
func (p *parser) composeQuoted(start int) (value, string) {
	quote := p.data[start]
	var text strings.Builder
	literal, escaped := true, false
	for pos := start + 1; pos < len(p.data); pos++ {
		c := p.data[pos]
		switch {
		case c == quote && !escaped:
			v := value{text: text.String(), literal: literal, end: pos + 1}
			if quote == '"' && literal {
				v.text, v.literal = composeUnescape(v.text)
			}
			return v, ""
		case c == '\\' && !escaped:
			escaped = true
			continue
		case c == quote:
		case escaped:
			text.WriteByte('\\')
		}
		if quote == '"' && (c == '`' || c == '$' && !escaped) {
			literal = false
		}
		escaped = false
		text.WriteByte(c)
	}
	return value{}, "a quote that is not closed"
}

// composeUnescape replaces the escapes of text between double quotes; false if one of them stands for a "$", which Compose
// would go on to expand. What only looks like an escape it leaves, but for the zero of one in octal.
func composeUnescape(text string) (string, bool) {
	var out strings.Builder
	for {
		before, after, found := strings.Cut(text, `\`)
		out.WriteString(before)
		if !found {
			return out.String(), true
		}
		switch {
		case after != "" && after[0] == '0':
			digits := 1
			for digits < len(after) && digits < 4 && '0' <= after[digits] && after[digits] <= '9' {
				digits++
			}
			escape := `\` + after[1:digits]
			r, _, rest, err := strconv.UnquoteChar(escape, '"')
			switch {
			case err != nil || rest != "":
				out.WriteString(escape)
			case r == '$':
				return "", false
			default:
				out.WriteRune(r)
			}
			text = after[digits:]
		case after != "" && strings.IndexByte(`abfnrtv"\`, after[0]) >= 0:
			r, _, _, err := strconv.UnquoteChar(`\`+after[:1], '"')
			if err != nil { // never: these are all escapes of Go
				return "", false
			}
			out.WriteRune(r)
			text = after[1:]
		case after != "" && after[0] == '$':
			out.WriteByte('$')
			text = after[1:]
		default:
			out.WriteByte('\\')
			text = after
		}
	}
}
