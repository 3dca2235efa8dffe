package dotenv

import (
	"bytes"
	"strings"

	"mvdan.cc/sh/v3/syntax"
)

// value is the result of reading a value.
type value struct {
	text    string // if literal
	literal bool
	end     int // position after its last byte
}

// word reads an assignment's value, which ends at end.
func (s *shellReader) word(word *syntax.Word, end int) value {
	var text strings.Builder
	for _, part := range word.Parts {
		switch part := part.(type) {
		case *syntax.Lit:
			raw := s.data[s.pos(part):min(s.end(part), end)]
			if expands(raw) {
				return value{}
			}
			unescape(&text, raw, "")
		case *syntax.SglQuoted:
			if part.Dollar {
				return value{}
			}
			text.Write(s.data[s.pos(part)+1 : s.end(part)-1])
		case *syntax.DblQuoted:
			if part.Dollar {
				return value{}
			}
			for _, inner := range part.Parts {
				lit, ok := inner.(*syntax.Lit)
				if !ok {
					return value{}
				}
				raw := s.data[s.pos(lit):s.end(lit)]
				if dollar(raw) {
					return value{}
				}
				unescape(&text, raw, "$`\"\\\n")
			}
		default:
			return value{}
		}
	}
	return value{text: text.String(), literal: true}
}

// expands reports whether a shell may expand unquoted text: "~" where a path could start, and "{a,b}" in
// some shells.
func expands(raw []byte) bool {
	if dollar(raw) {
		return true
	}
	for i, c := range raw {
		if c == '~' && (i == 0 || strings.ContainsRune(":=", rune(raw[i-1]))) {
			return true
		}
		if c == '{' && bytes.ContainsAny(raw[i:], "},") && (bytes.Contains(raw[i:], []byte(",")) || bytes.Contains(raw[i:], []byte(".."))) {
			return true
		}
	}
	return false
}

// dollar reports whether text has an unescaped "$". Most shells take a "$" alone literally; zsh expands
// "$^" and others.
func dollar(raw []byte) bool {
	for i := 0; i < len(raw); i++ {
		switch raw[i] {
		case '\\':
			i++
		case '$':
			return true
		}
	}
	return false
}

// unescape appends text without its escapes. If only is not empty, a backslash escapes just those
// characters and is kept before others. A backslash before a line break removes both.
func unescape(out *strings.Builder, raw []byte, only string) {
	for i := 0; i < len(raw); i++ {
		c := raw[i]
		if c == '\\' && i+1 < len(raw) && (only == "" || strings.ContainsRune(only, rune(raw[i+1]))) {
			i++
			if raw[i] != '\n' {
				out.WriteByte(raw[i])
			}
			continue
		}
		out.WriteByte(c)
	}
}
