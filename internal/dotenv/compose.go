package dotenv

import (
	"bytes"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// readCompose reads a file as Compose does. Compose rejects the whole file for one bad line; readCompose
// also reads the lines after it.
func readCompose(data []byte) reading {
	p := composeReader{data: data, lines: lines{data: data, line: 1}}
	p.pos = textStart(data)
	for {
		p.pos = skip(data, p.pos, unicode.IsSpace)
		switch {
		case p.pos == len(data):
			return p.reading
		case data[p.pos] == '#':
			p.pos = lineEnd(data, p.pos)
		default:
			p.statement()
		}
	}
}

type composeReader struct {
	reading
	data  []byte
	pos   int
	lines lines
}

// fail records why the statement at pos cannot be read, and continues after its line. Statements before it
// on the line, which end with a quote, are rejected too, because Compose rejects such a file.
func (p *composeReader) fail(reason string) {
	start, end := p.pos, lineEnd(p.data, p.pos)
	for n := len(p.entries); n > 0 && bytes.IndexByte(p.data[p.entries[n-1].End:start], '\n') < 0; n-- {
		start = p.entries[n-1].Start
		p.entries = p.entries[:n-1]
	}
	p.refused = append(p.refused, span{start, end})
	p.problems = append(p.problems, Problem{p.lines.of(p.pos), reason})
	p.pos = end
}

// statement reads a statement in Compose's format: "NAME=value", "NAME = value" or "NAME: value", with or
// without export.
func (p *composeReader) statement() {
	at := p.pos
	if bytes.HasPrefix(p.data[at:], []byte("export")) {
		rest := at + len("export")
		if r, _ := utf8.DecodeRune(p.data[rest:]); strings.ContainsRune("\t\n\f\r ", r) { // \s of its pattern
			at = skip(p.data, rest, composeSpace)
		}
	}
	end, delimiter := composeName(p.data, at)
	if end == -1 {
		p.fail("not an assignment")
		return
	}
	name := strings.TrimRightFunc(string(p.data[at:end]), unicode.IsSpace)
	if strings.Contains(name, " ") {
		p.fail("a space in the variable's name")
		return
	}
	if delimiter == 0 {
		p.pos = end // a name alone: Compose takes its value from the environment
		return
	}
	v, quoted, reason := p.value(skip(p.data, end+1, composeSpace))
	if reason != "" {
		p.fail(reason)
		return
	}
	if !v.literal {
		v.text = ""
	}
	p.entries = append(p.entries, Entry{
		Name: name, Literal: v.literal, Value: v.text, Line: p.lines.of(p.pos), Start: p.pos, End: v.end, at: at,
	})
	if p.pos = v.end; !quoted {
		p.pos = lineEnd(p.data, v.end) // the rest is a comment
	}
}

// composeName returns the end of the name at start and its delimiter: '=', ':', or 0 at the end of the
// line. It returns -1 if Compose rejects the line.
func composeName(data []byte, start int) (end int, delimiter byte) {
	for pos := start; pos < len(data); {
		r, size := utf8.DecodeRune(data[pos:])
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
	return len(data), 0
}

// composeSpace is Compose's isSpace, without the line feed and other scripts' spaces.
func composeSpace(r rune) bool { return strings.ContainsRune("\t\v\f\r \u0085\u00a0", r) }

// value reads the value at start. If it cannot be read, reason says why.
func (p *composeReader) value(start int) (v value, quoted bool, reason string) {
	if start < len(p.data) && (p.data[start] == '"' || p.data[start] == '\'') {
		v, reason = p.quoted(start)
		return v, true, reason
	}
	text := string(p.data[start:lineEnd(p.data, start)])
	text, _, _ = strings.Cut(text, " #")
	text = strings.TrimRightFunc(text, unicode.IsSpace)
	return value{text: text, literal: !strings.ContainsAny(text, "$`"), end: start + len(text)}, false, ""
}

// quoted reads a quoted value in two passes, as Compose does. First a backslash before the quote is
// dropped, and the quote does not end the value. Then, in double quotes only, the other escapes are
// replaced.
func (p *composeReader) quoted(start int) (value, string) {
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

// composeUnescape replaces the escapes in double-quoted text. It returns false if one stands for a "$",
// which Compose would then expand. It keeps what only looks like an escape, except for the zero of an octal
// one.
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
		case after != "" && strings.ContainsRune(`abfnrtv"\`, rune(after[0])):
			r, _, _, err := strconv.UnquoteChar(`\`+after[:1], '"')
			if err != nil { // cannot happen: all are valid Go escapes
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
