package ui

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"unicode"
	"unicode/utf8"
)

// Shown returns a writer for what users read on standard output. Line feeds and tabs pass, and other
// characters that control a terminal are replaced: names and user names come from backups, Docker's
// config.json and other machines. Values that a program requested (get, export) do not go through it.
func Shown(w io.Writer) io.Writer { return &shown{w: w} }

type shown struct {
	w    io.Writer
	rest []byte // an incomplete character
}

func (s *shown) Write(p []byte) (int, error) {
	text := append(s.rest, p...)
	var out bytes.Buffer
	for len(text) > 0 && utf8.FullRune(text) {
		r, size := utf8.DecodeRune(text)
		if r != '\n' && r != '\t' && steers(r) {
			r = unicode.ReplacementChar
		}
		out.WriteRune(r)
		text = text[size:]
	}
	s.rest = bytes.Clone(text)
	if _, err := s.w.Write(out.Bytes()); err != nil {
		return 0, err
	}
	return len(p), nil
}

// steers reports whether a character controls a terminal: control characters, including the C1 ones that
// also begin sequences, and those that reverse the text direction.
func steers(r rune) bool {
	return unicode.IsControl(r) || r > unicode.MaxLatin1 && unicode.Is(unicode.Bidi_Control, r)
}

// WriteJSON writes a value as indented JSON, and escapes characters that control a terminal.
func WriteJSON(w io.Writer, value any) error {
	var text bytes.Buffer
	encoder := json.NewEncoder(&text)
	encoder.SetIndent("", "  ")
	encoder.SetEscapeHTML(false)
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := w.Write(EscapeJSON(text.Bytes()))
	return err
}

// EscapeJSON escapes characters that control a terminal in a JSON text, except line feeds. The JSON value
// is unchanged. If there are none, it returns text itself.
func EscapeJSON(text []byte) []byte {
	escape := func(r rune) bool { return r != '\n' && steers(r) } // encoders escape the others below U+0020
	if utf8.Valid(text) && !bytes.ContainsFunc(text, escape) {
		return text
	}
	var out bytes.Buffer
	for _, r := range string(text) {
		if escape(r) {
			fmt.Fprintf(&out, `\u%04x`, r)
			continue
		}
		out.WriteRune(r)
	}
	return out.Bytes()
}
