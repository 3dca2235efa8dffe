package agefile

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
)

// maxHeader is how long a header may be, in bytes, so that a hostile one costs little. Ours have some two hundred.
const maxHeader = 64 << 10

const (
	stanzaPrefix = "->"
	macPrefix    = "---"
	columns      = 64 // of a body's line
)

// stanza is a file key wrapped for one recipient.
type stanza struct {
	kind string
	args []string
	body []byte
}

type header struct {
	stanzas []stanza
	signed  []byte // what the MAC is of
	mac     []byte
	payload []byte
}

var base64Strict = base64.RawStdEncoding.Strict()

func encode(data []byte) string { return base64Strict.EncodeToString(data) }

// decode takes the one way only in which bytes are encoded: the library passes over line ends.
func decode(text string) ([]byte, bool) {
	if strings.ContainsAny(text, "\r\n") {
		return nil, false
	}
	data, err := base64Strict.DecodeString(text)
	return data, err == nil
}

// appendHeader appends a header up to what the MAC is of.
func appendHeader(out []byte, s stanza) []byte {
	out = append(out, Magic+stanzaPrefix+" "+s.kind...)
	for _, arg := range s.args {
		out = append(append(out, ' '), arg...)
	}
	out = append(out, '\n')
	body := encode(s.body)
	for len(body) >= columns {
		out = append(append(out, body[:columns]...), '\n')
		body = body[columns:]
	}
	out = append(append(out, body...), '\n') // the last line is a short one, be it empty
	return append(out, macPrefix...)
}

// parseHeader reads the header of a file. Its error is ErrHeader.
func parseHeader(file []byte) (header, error) {
	fail := func(what string) (header, error) { return header{}, fmt.Errorf("%w: %s", ErrHeader, what) }
	head := file[:min(len(file), maxHeader)]
	rest, found := bytes.CutPrefix(head, []byte(Magic))
	if !found {
		return fail("its first line")
	}
	var h header
	for {
		start := len(head) - len(rest)
		line, after, found := bytes.Cut(rest, []byte{'\n'})
		if !found {
			return fail("the header has no end")
		}
		if mac, found := bytes.CutPrefix(line, []byte(macPrefix+" ")); found {
			var ok bool
			h.mac, ok = decode(string(mac))
			if !ok || len(h.mac) != 32 || len(h.stanzas) == 0 {
				return fail("the header's last line")
			}
			h.signed, h.payload = file[:start+len(macPrefix)], file[start+len(line)+1:]
			return h, nil
		}
		s, after, ok := parseStanza(line, after)
		if !ok {
			return fail("a recipient stanza")
		}
		h.stanzas = append(h.stanzas, s)
		rest = after
	}
}

// parseStanza reads a stanza from its first line and what follows that, and returns what follows the stanza.
func parseStanza(first, rest []byte) (s stanza, after []byte, ok bool) {
	words := strings.Split(string(first), " ")
	if words[0] != stanzaPrefix || len(words) < 2 {
		return s, nil, false
	}
	for _, word := range words[1:] {
		if !isPrintable(word) {
			return s, nil, false
		}
	}
	s.kind, s.args = words[1], words[2:]
	for {
		line, after, found := bytes.Cut(rest, []byte{'\n'})
		if !found || len(line) > columns {
			return s, nil, false
		}
		data, ok := decode(string(line))
		if !ok {
			return s, nil, false
		}
		s.body = append(s.body, data...)
		rest = after
		if len(line) < columns {
			return s, rest, true
		}
	}
}

// isPrintable: a word is of one ASCII character or more, from 33 to 126.
func isPrintable(word string) bool {
	for i := range len(word) {
		if word[i] < 33 || word[i] > 126 {
			return false
		}
	}
	return word != ""
}
