// Package plainjson reads and writes the plainest JSON, just as encoding/json writes it: the members in their order, no white
// space, no escapes. Any other is for encoding/json, whose first use costs a process more than its reads of files do
// (docs/benchmarks.md).
package plainjson

import (
	"bytes"
	"strconv"
)

// Scanner reads a document piece by piece. Once a piece is not there, it yields nothing more.
type Scanner struct {
	rest   []byte
	failed bool
}

// NewScanner returns a Scanner of a document.
func NewScanner(document []byte) *Scanner { return &Scanner{rest: document} }

// Skip passes over text that has to be next.
func (s *Scanner) Skip(text string) {
	if !s.Has(text) {
		s.fail()
	}
}

// Has passes over text if that is next, and tells whether it was.
func (s *Scanner) Has(text string) bool {
	rest, found := bytes.CutPrefix(s.rest, []byte(text))
	if found {
		s.rest = rest
	}
	return found
}

// String reads a string of printable ASCII characters with its quotation marks.
func (s *Scanner) String() string {
	s.Skip(`"`)
	value, rest, found := bytes.Cut(s.rest, []byte{'"'})
	if !found {
		s.fail()
	}
	if !isPlain(value) {
		s.fail()
	}
	if s.failed {
		return ""
	}
	s.rest = rest
	return string(value)
}

// Int reads an integer.
func (s *Scanner) Int() int64 {
	end := 0
	for end < len(s.rest) && (s.rest[end] == '-' || '0' <= s.rest[end] && s.rest[end] <= '9') {
		end++
	}
	text := string(s.rest[:end])
	value, err := strconv.ParseInt(text, 10, 64)
	if err != nil || strconv.FormatInt(value, 10) != text { // JSON has no leading zeros
		s.fail()
	}
	if s.failed {
		return 0
	}
	s.rest = s.rest[end:]
	return value
}

// Done tells whether all pieces were there, and nothing else but line ends behind them.
func (s *Scanner) Done() bool { return !s.failed && len(bytes.TrimRight(s.rest, "\n")) == 0 }

// IsPlain tells whether encoding/json writes a string as it is, between quotation marks.
func IsPlain(value string) bool { return isPlain(value) }

// isPlain: encoding/json escapes <, > and & for the sake of HTML.
func isPlain[Text string | []byte](value Text) bool {
	for i := range len(value) {
		switch c := value[i]; {
		case c < ' ' || c > '~', c == '"', c == '\\', c == '<', c == '>', c == '&':
			return false
		}
	}
	return true
}

func (s *Scanner) fail() { s.rest, s.failed = nil, true }
