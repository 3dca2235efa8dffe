// Package mask hides secret values in a stream of output.
package mask

import (
	"bytes"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"net/url"
	"strings"
)

// Replacement is what stands in the output for hidden bytes.
const Replacement = "***"

const (
	// minLine is how long a line of a value of many lines has to be to be hidden on its own: "}" is nobody's secret.
	minLine = 8
	// minEncoded is how long a value has to be for its encodings to be hidden too: those of short values occur by chance.
	minEncoded = 12
	// maxRevealed is the most that Writer.Flush shows of the beginning of what may become a value.
	maxRevealed = 4
)

// Masker knows the values. It does not change, and may be used by many Writers at a time.
type Masker struct {
	plain    automaton // finds texts as they are
	wrapped  automaton // finds texts of base64 and hexadecimal digits, wherever there are line breaks and spaces in them
	escaped  automaton // finds values of which any bytes are percent-encoded
	starts   [256]bool // the bytes with which anything to be hidden begins
	revealed int       // what Flush may show of the beginning of a value
}

// automaton is an Aho-Corasick automaton, which finds many texts at once.
type automaton struct {
	nodes []node
	roots [256]int32 // the root's children, 0 where there is none: what most bytes of a stream are looked up in
}

// node is one state: a beginning of a text. Most have one child, so that is kept in place.
type node struct {
	next  int32
	fail  int32 // the longest proper suffix of it that is a state
	match int32 // the length of the longest text that it ends with, 0 if none
	depth int32
	label byte           // of next; meaningful if next is not 0
	more  map[byte]int32 // all children, if there is more than one
}

// New returns a Masker that hides each of the values, wherever it stands in the output, and as it stands there in other forms:
//
//   - a value of many lines: with CR LF, as terminals write it, and each line of 8 bytes and more;
//   - a value of 12 bytes and more in JSON strings and in URLs, whichever of its bytes are percent-encoded;
//   - a value of 12 bytes and more in base64, standard and URL-safe, also as a part of a longer text (user:value), but for up to two
//     characters at each end, which hold bytes of both; and in hexadecimal digits, of upper or of lower case. Both are found with up
//     to 8 line breaks and spaces between any two characters, as base64, xxd -p and od -An -tx1 write them.
//
// Other dumps are not: those with offsets or a column of text (xxd, hexdump -C), and those of words of more than one byte.
//
// Empty values are ignored. Very short ones are not, and will hide much that is no secret.
func New(values []string) *Masker {
	m := &Masker{plain: newAutomaton(), wrapped: newAutomaton(), escaped: newAutomaton(), revealed: maxRevealed}
	for _, value := range values {
		add := func(to *automaton, texts map[string]bool) {
			for text := range texts {
				to.add(text)
				m.starts[text[0]] = true
				m.revealed = min(m.revealed, len(text)/4)
			}
		}
		add(&m.plain, forms(value))
		if len(value) >= minEncoded {
			add(&m.wrapped, digits(value))
			add(&m.escaped, map[string]bool{value: true})
			m.starts['%'] = true
		}
	}
	for _, a := range []*automaton{&m.plain, &m.wrapped, &m.escaped} {
		a.link()
	}
	return m
}

// forms returns the texts to hide for one value, without digits.
func forms(value string) map[string]bool {
	all := map[string]bool{value: true}
	if strings.Contains(value, "\n") {
		all[strings.ReplaceAll(value, "\n", "\r\n")] = true
		for line := range strings.Lines(value) {
			if line = strings.TrimRight(line, "\r\n"); len(line) >= minLine {
				all[line] = true
			}
		}
	}
	if len(value) >= minEncoded {
		all[url.QueryEscape(value)] = true // which writes a space as +
		if text, err := json.Marshal(value); err == nil {
			all[string(text[1:len(text)-1])] = true
		}
		var plain bytes.Buffer // most JSON does not escape <, > and & as Go does
		encoder := json.NewEncoder(&plain)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err == nil {
			all[string(plain.Bytes()[1:plain.Len()-2])] = true // without the quotes and the line feed
		}
	}
	delete(all, "")
	return all
}

// digits returns a value as base64 and hexadecimal digits.
func digits(value string) map[string]bool {
	lower := hex.EncodeToString([]byte(value))
	all := map[string]bool{lower: true, strings.ToUpper(lower): true}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			// The value behind shift other bytes. A character of base64 that holds only bits of the value is
			// always the same one, the others are omitted.
			text := encoding.EncodeToString([]byte("\x00\x00"[:shift] + value))
			all[text[(shift*8+5)/6:(shift+len(value))*8/6]] = true
		}
	}
	return all
}

func newAutomaton() automaton { return automaton{nodes: make([]node, 1)} }

func (a *automaton) child(state int32, c byte) int32 {
	n := &a.nodes[state]
	if n.more != nil {
		return n.more[c]
	}
	if n.label == c {
		return n.next
	}
	return 0
}

func (a *automaton) add(text string) {
	state := int32(0)
	for i := range len(text) {
		c := text[i]
		next := a.child(state, c)
		if next == 0 {
			next = int32(len(a.nodes))
			a.nodes = append(a.nodes, node{depth: int32(i + 1)})
			n := &a.nodes[state]
			switch {
			case n.more != nil:
				n.more[c] = next
			case n.next != 0:
				n.more = map[byte]int32{n.label: n.next, c: next}
			default:
				n.label, n.next = c, next
			}
		}
		state = next
	}
	a.nodes[state].match = int32(len(text))
}

// link fills in fail and match, in the order of depth, and roots.
func (a *automaton) link() {
	queue := make([]int32, 1, len(a.nodes))
	for head := 0; head < len(queue); head++ {
		state := queue[head]
		visit := func(c byte, next int32) {
			queue = append(queue, next)
			if state != 0 {
				a.nodes[next].fail = a.step(a.nodes[state].fail, c)
			}
			n := &a.nodes[next]
			n.match = max(n.match, a.nodes[n.fail].match)
		}
		if n := &a.nodes[state]; n.more != nil {
			for c, next := range n.more {
				visit(c, next)
			}
		} else if n.next != 0 {
			visit(n.label, n.next)
		}
	}
	for c := range a.roots {
		a.roots[c] = a.child(0, byte(c))
	}
}

// step returns the state after one more byte.
func (a *automaton) step(state int32, c byte) int32 {
	for {
		if next := a.child(state, c); next != 0 || state == 0 {
			return next
		}
		state = a.nodes[state].fail
	}
}
