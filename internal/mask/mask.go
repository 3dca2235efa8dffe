// Package mask hides secret values in a stream of output.
package mask

import (
	"bytes"
	"encoding/base64"
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
	nodes    []node
	roots    [256]int32 // the root's children, 0 where there is none: what most bytes of a stream are looked up in
	revealed int        // what Flush may show of the beginning of a value
}

// node is one state of an Aho-Corasick automaton: a beginning of a value. Most have one child, so that is kept in place.
type node struct {
	next  int32
	fail  int32 // the longest proper suffix of it that is a state
	match int32 // the length of the longest value that it ends with, 0 if none
	depth int32
	label byte           // of next; meaningful if next is not 0
	more  map[byte]int32 // all children, if there is more than one
}

// New returns a Masker that hides each of the values, wherever it stands in the output, and as it stands there in other forms:
//
//   - a value of many lines: with CR LF, as terminals write it, and each line of 8 bytes and more;
//   - a value of 12 bytes and more: in URLs (percent-encoded), in JSON strings, and in base64, standard and URL-safe, also as
//     a part of a longer text (user:value), but for up to two characters at each end, which hold bytes of both.
//
// Empty values are ignored. Very short ones are not, and will hide much that is no secret.
func New(values []string) *Masker {
	m := &Masker{nodes: make([]node, 1), revealed: maxRevealed}
	for _, value := range values {
		for form := range forms(value) {
			m.add(form)
			m.revealed = min(m.revealed, len(form)/4)
		}
	}
	m.link()
	for c := range m.roots {
		m.roots[c] = m.child(0, byte(c))
	}
	return m
}

// forms returns the texts to hide for one value.
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
		all[url.QueryEscape(value)] = true
		all[url.PathEscape(value)] = true
		if text, err := json.Marshal(value); err == nil {
			all[string(text[1:len(text)-1])] = true
		}
		var plain bytes.Buffer // most JSON does not escape <, > and & as Go does
		encoder := json.NewEncoder(&plain)
		encoder.SetEscapeHTML(false)
		if err := encoder.Encode(value); err == nil {
			all[string(plain.Bytes()[1:plain.Len()-2])] = true // without the quotes and the line feed
		}
		for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
			for shift := range 3 {
				// The value behind shift other bytes. A character of base64 that holds only bits of the value is
				// always the same one, the others are omitted.
				text := encoding.EncodeToString([]byte("\x00\x00"[:shift] + value))
				all[text[(shift*8+5)/6:(shift+len(value))*8/6]] = true
			}
		}
	}
	delete(all, "")
	return all
}

func (m *Masker) child(state int32, c byte) int32 {
	n := &m.nodes[state]
	if n.more != nil {
		return n.more[c]
	}
	if n.label == c {
		return n.next
	}
	return 0
}

func (m *Masker) add(text string) {
	state := int32(0)
	for i := range len(text) {
		c := text[i]
		next := m.child(state, c)
		if next == 0 {
			next = int32(len(m.nodes))
			m.nodes = append(m.nodes, node{depth: int32(i + 1)})
			n := &m.nodes[state]
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
	m.nodes[state].match = int32(len(text))
}

// link fills in fail and match, in the order of depth.
func (m *Masker) link() {
	queue := make([]int32, 1, len(m.nodes))
	for head := 0; head < len(queue); head++ {
		state := queue[head]
		visit := func(c byte, next int32) {
			queue = append(queue, next)
			if state != 0 {
				m.nodes[next].fail = m.step(m.nodes[state].fail, c)
			}
			n := &m.nodes[next]
			n.match = max(n.match, m.nodes[n.fail].match)
		}
		if n := &m.nodes[state]; n.more != nil {
			for c, next := range n.more {
				visit(c, next)
			}
		} else if n.next != 0 {
			visit(n.label, n.next)
		}
	}
}

// step returns the state after one more byte.
func (m *Masker) step(state int32, c byte) int32 {
	for {
		if next := m.child(state, c); next != 0 || state == 0 {
			return next
		}
		state = m.nodes[state].fail
	}
}
