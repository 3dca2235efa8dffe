package dockerconfig

import (
	"bytes"
	"encoding/json"
	"slices"
	"strings"
)

// These functions find positions in a JSON text that encoding/json has accepted, so they validate nothing.
// They work on bytes, not on a decoded value, because the bytes between values must be kept. They do not
// recurse, because the file determines the nesting.

// member is one "key": value of an object, with its positions in the text.
type member struct {
	key                                string // decoded
	keyStart, keyEnd, valStart, valEnd int    // the ends are exclusive
}

func (m *member) value(text []byte) []byte { return text[m.valStart:m.valEnd] }

// object is a JSON object with its positions in the text.
type object struct {
	open, close int // positions of its braces
	members     []member
}

// parseObject parses the object whose brace is at text[open].
func parseObject(text []byte, open int) object {
	o := object{open: open}
	for i := skipSpace(text, open+1); ; {
		if text[i] == '}' {
			o.close = i
			return o
		}
		if text[i] == ',' {
			i = skipSpace(text, i+1)
		}
		m := member{keyStart: i, keyEnd: skipString(text, i)}
		m.key = decodeString(text[m.keyStart:m.keyEnd])
		m.valStart = skipSpace(text, skipSpace(text, m.keyEnd)+1)
		m.valEnd = skipValue(text, m.valStart)
		o.members = append(o.members, m)
		i = skipSpace(text, m.valEnd)
	}
}

// find returns the index of the first member whose key same accepts, or -1.
func (o *object) find(same func(key string) bool) int {
	for i := range o.members {
		if same(o.members[i].key) {
			return i
		}
	}
	return -1
}

func skipSpace(text []byte, i int) int {
	for strings.ContainsRune(" \t\r\n", rune(text[i])) { // terminates, at the latest at the root object's brace
		i++
	}
	return i
}

// skipString returns the position after the string whose opening quote is at text[i].
func skipString(text []byte, i int) int {
	for i++; text[i] != '"'; i++ {
		if text[i] == '\\' {
			i++
		}
	}
	return i + 1
}

// skipValue returns the position after the value that starts at text[i].
func skipValue(text []byte, i int) int {
	for depth := 0; ; {
		switch text[i] {
		case '"':
			i = skipString(text, i)
		case '{', '[':
			depth++
			i++
		case '}', ']':
			depth--
			i++
		default:
			for i++; !strings.ContainsRune(" \t\r\n,:]}[{\"", rune(text[i])); i++ {
			}
		}
		if depth == 0 {
			return i
		}
	}
}

func decodeString(quoted []byte) string {
	var s string
	if err := json.Unmarshal(quoted, &s); err != nil {
		panic("dockerconfig: a string that was valid JSON no longer is") // omits the text, which may contain a secret
	}
	return s
}

func encodeString(s string) string {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false) // as Docker writes them
	if err := e.Encode(s); err != nil {
		panic(err)
	}
	return strings.TrimSuffix(b.String(), "\n")
}

// style is the layout of a file.
type style struct {
	eol    string // "" if everything is on one line
	indent string // one step
	colon  string // between a key and its value
}

// dockerStyle is the layout that Docker writes.
var dockerStyle = style{eol: "\n", indent: "\t", colon: ": "}

// styleOf detects the style from the members of the root object.
func styleOf(text []byte, root object) style {
	if len(root.members) == 0 {
		s := dockerStyle
		if bytes.Contains(text, []byte("\r\n")) {
			s.eol = "\r\n"
		}
		return s
	}
	first := root.members[0]
	lead := string(text[root.open+1 : first.keyStart])
	s := style{colon: string(text[first.keyEnd:first.valStart])}
	if newline := strings.LastIndexByte(lead, '\n'); newline >= 0 {
		s.eol = "\n"
		if strings.HasSuffix(lead[:newline], "\r") {
			s.eol = "\r\n"
		}
		s.indent = lead[newline+1:]
	}
	if strings.ContainsAny(s.colon, "\r\n") {
		s.colon = ": "
	}
	return s
}

// newObject returns an object with one member; depth is the nesting depth of the object's own line.
func (s style) newObject(key, value string, depth int) string {
	inner, outer := "", ""
	if s.eol != "" {
		inner = s.eol + strings.Repeat(s.indent, depth+1)
		outer = s.eol + strings.Repeat(s.indent, depth)
	}
	return "{" + inner + encodeString(key) + s.colon + value + outer + "}"
}

// splice is one edit of a text: it replaces old by new at a position.
type splice struct {
	at, oldLen int
	new        string
}

func (e splice) apply(text []byte) []byte {
	return slices.Concat(text[:e.at], []byte(e.new), text[e.at+e.oldLen:])
}

// insert adds a member at the end of o, with the same separation as the member before it.
func insert(text []byte, o object, key, value string, s style, depth int) splice {
	n := len(o.members)
	if n == 0 {
		return splice{o.open, o.close + 1 - o.open, s.newObject(key, value, depth)}
	}
	last := o.members[n-1]
	from := o.open + 1
	if n > 1 {
		from = o.members[n-2].valEnd
	}
	lead := string(text[from:last.keyStart])
	lead = lead[strings.IndexByte(lead, ',')+1:]
	if newline := strings.LastIndexByte(lead, '\n'); newline > 0 {
		// Use one line break, even if there are blank lines.
		if lead[newline-1] == '\r' {
			newline--
		}
		lead = lead[newline:]
	} else if n == 1 && lead == "" && strings.HasSuffix(s.colon, " ") {
		lead = " "
	}
	colon := s.colon
	if own := string(text[last.keyEnd:last.valStart]); !strings.ContainsAny(own, "\r\n") {
		colon = own
	}
	return splice{last.valEnd, 0, "," + lead + encodeString(key) + colon + value}
}

// remove removes member i from o, with the comma that separates it. It undoes insert.
func remove(o object, i int) splice {
	m := o.members[i]
	switch {
	case len(o.members) == 1:
		return splice{o.open + 1, o.close - o.open - 1, ""}
	case i == len(o.members)-1:
		from := o.members[i-1].valEnd
		return splice{from, m.valEnd - from, ""}
	}
	return splice{m.keyStart, o.members[i+1].keyStart - m.keyStart, ""}
}
