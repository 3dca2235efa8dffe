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

// replacement is the text that replaces hidden bytes in the output.
const replacement = "***"

const (
	// minLine is the minimum length for hiding a line of a multi-line value on its own: "}" is not a
	// secret.
	minLine = 8
	// minEncoded is the minimum length for hiding a value's encodings too. Those of short values occur by
	// chance.
	minEncoded = 12
	// maxRevealed is the maximum number of bytes that Writer.Flush shows of what may become a value.
	maxRevealed = 4
)

// Masker holds the values to hide. It is immutable, so many Writers can use it at the same time.
type Masker struct {
	plain    automaton // finds texts as they are
	wrapped  automaton // finds base64 and hexadecimal text despite line breaks and spaces in it
	escaped  automaton // finds values with percent-encoded bytes
	starts   [256]bool // the first bytes of everything to hide
	revealed int       // how many first bytes of a value Flush may show
}

// automaton is an Aho-Corasick automaton, which finds many texts at once.
type automaton struct {
	nodes []node
	roots [256]int32 // the root's children, 0 for none; an array, because most bytes are looked up here
}

// node is one state: a prefix of a text. Most nodes have one child, which is stored inline.
type node struct {
	next  int32
	fail  int32 // the longest proper suffix that is also a state
	match int32 // the length of the longest text that ends here, 0 if none
	depth int32
	label byte           // the byte that leads to next; valid if next is not 0
	more  map[byte]int32 // all children, if there are several
}

// New returns a Masker that hides each of the values anywhere in the output, also in these forms:
//
//   - A value of several lines: with CR LF, as terminals write it, and each line of at least 8 bytes.
//   - A value of at least 12 bytes: in JSON strings and in URLs, whichever bytes are percent-encoded.
//   - A value of at least 12 bytes: in base64, standard and URL-safe, also as part of a longer text such as
//     user:value, except for up to two characters at each end that encode bytes of both.
//   - A value of at least 12 bytes: in hexadecimal digits, upper or lower case.
//
// Base64 and hexadecimal text may have up to 8 line breaks and spaces between two characters, as written by
// base64, xxd -p and od -An -tx1. Dumps with offsets, with a text column (xxd, hexdump -C) or with words of
// several bytes are not hidden.
//
// Empty values are ignored. Very short ones are not, and hide much that is not secret.
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

// forms returns the texts to hide for a value, except base64 and hexadecimal text.
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
		all[url.QueryEscape(value)] = true // writes a space as +
		if text, err := json.Marshal(value); err == nil {
			all[string(text[1:len(text)-1])] = true
		}
		var plain bytes.Buffer // unlike Go, most JSON encoders do not escape <, > and &
		encoder := json.NewEncoder(&plain)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err == nil {
			all[string(plain.Bytes()[1:plain.Len()-2])] = true // without the quotes and the line feed
		}
	}
	delete(all, "")
	return all
}

// digits returns a value as base64 and hexadecimal text.
func digits(value string) map[string]bool {
	lower := hex.EncodeToString([]byte(value))
	all := map[string]bool{lower: true, strings.ToUpper(lower): true}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			// Other text may precede the value, shifting it by 0 to 2 bytes. Base64 characters that encode
			// only bits of the value are always the same; the others are omitted.
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

// link computes fail and match, in order of depth, and roots.
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

// step returns the state after the next byte.
func (a *automaton) step(state int32, c byte) int32 {
	for {
		if next := a.child(state, c); next != 0 || state == 0 {
			return next
		}
		state = a.nodes[state].fail
	}
}
