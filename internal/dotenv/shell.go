package dotenv

import (
	"bytes"
	"strings"
)

// isExport tells whether text starts with the command export and something behind it.
func isExport(text []byte) bool {
	return bytes.HasPrefix(text, []byte("export ")) || bytes.HasPrefix(text, []byte("export\t"))
}

// exportStatement reads a shell's export command: any number of NAME=value and NAME.
func (p *parser) exportStatement() {
	start := p.pos // of the assignment; the first one's has the command before it
	p.pos += len("export")
	for {
		p.moveTo(p.shellBlanks(p.pos))
		if p.shellEnds(p.pos) || p.data[p.pos] == '#' {
			break
		}
		if start < 0 {
			start = p.pos
		}
		end := p.pos
		for end < len(p.data) && nameByte(p.data[end]) {
			end++
		}
		name := string(p.data[p.pos:end])
		if name != "" && p.shellEnds(end) || name != "" && p.shellBlanks(end) > end {
			p.moveTo(end) // only a name: its value is set elsewhere
			start = -1
			continue
		}
		if name == "" || p.data[end] != '=' {
			p.fail("not an assignment")
			return
		}
		v, reason := p.shellValue(end + 1)
		if reason != "" {
			p.fail(reason)
			return
		}
		p.add(name, start, v)
		start = -1
	}
	if p.pos < len(p.data) && strings.IndexByte(";&|", p.data[p.pos]) >= 0 {
		p.pos++
		if p.pos < len(p.data) && strings.IndexByte("&|", p.data[p.pos]) >= 0 {
			p.pos++
		}
	}
}

func nameByte(c byte) bool {
	return c == '_' || 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// shellBlanks returns the first position from pos that is neither a blank nor a line that goes on.
func (p *parser) shellBlanks(pos int) int {
	for pos < len(p.data) {
		switch {
		case p.data[pos] == ' ' || p.data[pos] == '\t':
			pos++
		case bytes.HasPrefix(p.data[pos:], []byte("\\\n")):
			pos += 2
		default:
			return pos
		}
	}
	return pos
}

// shellEnds tells whether a command ends at pos: at the end of the data or the line, or at ; & |.
func (p *parser) shellEnds(pos int) bool {
	rest := p.data[pos:]
	return len(rest) == 0 || strings.IndexByte("\n;&|", rest[0]) >= 0 || rest[0] == '\r' && (len(rest) == 1 || rest[1] == '\n')
}

// shellValue reads the word at start as the value of an assignment.
func (p *parser) shellValue(start int) (value, string) {
	var text strings.Builder
	literal := true
	pos := start
	for {
		if p.shellEnds(pos) || p.data[pos] == ' ' || p.data[pos] == '\t' {
			return value{text: text.String(), literal: literal, end: pos}, ""
		}
		end := 0
		switch c := p.data[pos]; c {
		case '\'':
			n := bytes.IndexByte(p.data[pos+1:], '\'')
			if n < 0 {
				return value{}, "a quote that is not closed"
			}
			end = pos + 1 + n + 1
			text.Write(p.data[pos+1 : end-1])
		case '"':
			var plain bool
			end, plain = p.shellDoubleQuoted(pos, &text)
			literal = literal && plain
		case '\\':
			switch {
			case pos+1 == len(p.data):
				return value{}, "a backslash at the end of the file"
			case p.data[pos+1] != '\n':
				text.WriteByte(p.data[pos+1])
			}
			end = pos + 2
		case '$', '`':
			literal, end = false, p.shellExpansion(pos, 0)
		case '<', '>', '(', ')':
			return value{}, "not a simple assignment"
		default:
			// ~ is expanded where a path could start, and {a,b} by some shells.
			if c == '{' || c == '~' && (pos == start || p.data[pos-1] == ':' || p.data[pos-1] == '=') {
				literal = false
			}
			end = pos + 1
			text.WriteByte(c)
		}
		if end < 0 {
			return value{}, "a quote or an expansion that is not closed"
		}
		pos = end
	}
}

// shellDoubleQuoted reads from the quote at pos to behind the closing one (-1 if there is none), and appends its text, which
// is worth nothing if it is not plain.
func (p *parser) shellDoubleQuoted(pos int, text *strings.Builder) (end int, plain bool) {
	plain = true
	for pos++; pos >= 0 && pos < len(p.data); {
		c := p.data[pos]
		switch {
		case c == '"':
			return pos + 1, plain
		case c == '$' || c == '`':
			plain, pos = false, p.shellExpansion(pos, 0)
			continue
		case c == '\\' && pos+1 < len(p.data) && strings.IndexByte("$`\"\\\n", p.data[pos+1]) >= 0:
			if p.data[pos+1] != '\n' {
				text.WriteByte(p.data[pos+1])
			}
			pos += 2
			continue
		}
		text.WriteByte(c)
		pos++
	}
	return -1, false
}

// maxDepth is how deep expansions may stand in each other.
const maxDepth = 100

// shellExpansion returns the position behind the expansion at pos, -1 if it is not closed.
func (p *parser) shellExpansion(pos, depth int) int {
	switch rest := p.data[pos:]; {
	case depth > maxDepth:
		return -1
	case rest[0] == '`':
		return p.shellUntil(pos+1, '`', depth)
	case bytes.HasPrefix(rest, []byte("$(")):
		return p.shellUntil(pos+2, ')', depth)
	case bytes.HasPrefix(rest, []byte("${")):
		return p.shellUntil(pos+2, '}', depth)
	case bytes.HasPrefix(rest, []byte("$'")): // of bash and others: backslashes count between the quotes
		for i := 2; i < len(rest); i++ {
			switch rest[i] {
			case '\\':
				i++
			case '\'':
				return pos + i + 1
			}
		}
		return -1
	}
	return pos + 1
}

// shellUntil returns the position behind the next closer that is not quoted nor in an expansion within, -1 if there is none.
func (p *parser) shellUntil(pos int, closer byte, depth int) int {
	for pos < len(p.data) {
		next := pos + 1
		switch c := p.data[pos]; {
		case c == closer:
			return next
		case c == '\\':
			next = pos + 2
		case c == '\'':
			n := bytes.IndexByte(p.data[next:], '\'')
			if n < 0 {
				return -1
			}
			next += n + 1
		case c == '"':
			if depth > maxDepth {
				return -1
			}
			next = p.shellUntilQuote(next, depth+1)
		case c == '(' && closer == ')':
			if depth > maxDepth {
				return -1
			}
			next = p.shellUntil(next, ')', depth+1)
		case c == '$' || c == '`':
			next = p.shellExpansion(pos, depth+1)
		}
		if next < 0 {
			return -1
		}
		pos = next
	}
	return -1
}

// shellUntilQuote is shellUntil between double quotes, where single quotes are text.
func (p *parser) shellUntilQuote(pos, depth int) int {
	for pos >= 0 && pos < len(p.data) {
		switch p.data[pos] {
		case '"':
			return pos + 1
		case '\\':
			pos += 2
		case '$', '`':
			pos = p.shellExpansion(pos, depth+1)
		default:
			pos++
		}
	}
	return -1
}
