package mask

import (
	"errors"
	"io"
	"sync"
)

// ErrClosed means that Write was called after Close.
var ErrClosed = errors.New("write after close")

// Writer hides the values in what is written to it, even if they span several Writes. It replaces each run
// of bytes of values with one replacement.
//
// It holds back only what may be the beginning of a value. When Write returns, everything before that has
// reached the underlying writer. Its methods are safe for concurrent use.
type Writer struct {
	masker *Masker
	out    io.Writer

	mu      sync.Mutex
	state   int32 // of the automaton for texts as they are
	wrapped lane
	gap     int // line breaks and spaces since the last other byte
	escaped lane
	partial int // bytes seen of a percent-encoded byte: 0 to 2

	held   []byte // ends with the bytes that the states stand for
	hidden []bool // which bytes of held belong to a value
	first  int    // index in held of the first byte that is not released
	run    int    // start in held of the trailing run of hidden bytes; len(held) if the last byte is not hidden
	shown  int    // start in held of what is not written; greater than first if Flush has shown some
	inRun  bool   // the last byte written was hidden, and its replacement is written
	buf    []byte // output of the current call
	err    error  // the underlying writer's first error, permanent
}

// Writer returns a Writer that writes to out.
func (m *Masker) Writer(out io.Writer) *Writer {
	return &Writer{masker: m, out: out, wrapped: lane{automaton: &m.wrapped}, escaped: lane{automaton: &m.escaped}}
}

// maxGap is the maximum number of line breaks and spaces between two base64 or hexadecimal digits.
const maxGap = 8

// lane runs an automaton on tokens other than the bytes of the stream.
type lane struct {
	automaton *automaton
	state     int32
	starts    []int // where in held the tokens of state begin
}

// step processes a token that begins at start. If a text ends with it, matched is true and the text begins
// at from.
func (l *lane) step(c byte, start int) (from int, matched bool) {
	if l.state == 0 {
		if l.state = l.automaton.roots[c]; l.state == 0 {
			return 0, false
		}
	} else {
		l.state = l.automaton.step(l.state, c)
	}
	n := &l.automaton.nodes[l.state]
	l.starts = append(l.starts, start)
	l.starts = l.starts[len(l.starts)-int(n.depth):]
	if n.match == 0 {
		return 0, false
	}
	return l.starts[len(l.starts)-int(n.match)], true
}

func (l *lane) reset() { l.state, l.starts = 0, l.starts[:0] }

// first returns where in held the bytes of state begin, or otherwise if there are none.
func (l *lane) first(otherwise int) int {
	if len(l.starts) == 0 {
		return otherwise
	}
	return min(l.starts[0], otherwise)
}

func (l *lane) moveBack(by int) {
	for i := range l.starts {
		l.starts[i] -= by
	}
}

// Write consumes all of p, or returns the underlying writer's error. All later calls return that error too.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	for i := 0; i < len(p); {
		if w.first == len(w.held) {
			// No value has begun: skip to the next byte that could begin one.
			start := i
			for i < len(p) && !w.masker.starts[p[i]] {
				i++
			}
			w.buf = append(w.buf, p[start:i]...)
			w.inRun = false
			if i == len(p) {
				break
			}
		}
		w.take(p[i])
		i++
	}
	if err := w.send(); err != nil {
		return 0, err
	}
	return len(p), nil
}

// take processes one byte and releases bytes that can no longer belong to a value.
func (w *Writer) take(c byte) {
	w.held = append(w.held, c)
	w.hidden = append(w.hidden, false)
	w.takePlain(c)
	w.takeWrapped(c)
	w.takeEscaped(c)
	if !w.hidden[len(w.hidden)-1] {
		w.run = len(w.held)
	}
	w.first = len(w.held) - max(int(w.masker.plain.nodes[w.state].depth), w.partial)
	w.first = w.wrapped.first(w.escaped.first(w.first))
	w.release(w.first)
	if w.first > len(w.held)/2 { // so each byte is moved at most about once
		w.held = append(w.held[:0], w.held[w.first:]...)
		w.hidden = append(w.hidden[:0], w.hidden[w.first:]...)
		w.run, w.shown = max(w.run-w.first, 0), w.shown-w.first
		w.wrapped.moveBack(w.first)
		w.escaped.moveBack(w.first)
		w.first = 0
	}
}

func (w *Writer) takePlain(c byte) {
	if w.state == 0 {
		w.state = w.masker.plain.roots[c]
	} else {
		w.state = w.masker.plain.step(w.state, c)
	}
	if n := &w.masker.plain.nodes[w.state]; n.match > 0 {
		w.hide(len(w.held)-int(n.match), len(w.held))
	}
}

// takeWrapped skips line breaks and spaces between digits.
func (w *Writer) takeWrapped(c byte) {
	if c == '\n' || c == '\r' || c == ' ' || c == '\t' {
		if w.gap++; w.gap > maxGap {
			w.wrapped.reset()
		}
		return
	}
	w.gap = 0
	if from, matched := w.wrapped.step(c, len(w.held)-1); matched {
		w.hide(from, len(w.held))
	}
}

// takeEscaped decodes "%" and the two digits after it into one byte.
func (w *Writer) takeEscaped(c byte) {
	if w.partial > 0 {
		if _, ok := hexDigit(c); !ok {
			w.endPartial(len(w.held) - 1)
		} else if w.partial++; w.partial < 3 {
			return
		} else {
			start := len(w.held) - w.partial
			high, _ := hexDigit(w.held[start+1])
			low, _ := hexDigit(c)
			w.partial = 0
			w.unescaped(high<<4|low, start, len(w.held))
			return
		}
	}
	if c == '%' {
		w.partial = 1
		return
	}
	w.unescaped(c, len(w.held)-1, len(w.held))
}

// endPartial processes an incomplete percent-encoding that ends at end as ordinary bytes.
func (w *Writer) endPartial(end int) {
	for start := end - w.partial; start < end; start++ {
		w.unescaped(w.held[start], start, start+1)
	}
	w.partial = 0
}

func (w *Writer) unescaped(c byte, start, end int) {
	if from, matched := w.escaped.step(c, start); matched {
		w.hide(from, end)
	}
}

func hexDigit(c byte) (value byte, ok bool) {
	switch {
	case '0' <= c && c <= '9':
		return c - '0', true
	case 'a' <= c && c <= 'f':
		return c - 'a' + 10, true
	case 'A' <= c && c <= 'F':
		return c - 'A' + 10, true
	}
	return 0, false
}

// hide marks bytes of held as hidden. From run up to the last byte, all bytes are already hidden.
func (w *Writer) hide(from, to int) {
	if to < len(w.held) {
		for i := from; i < to; i++ {
			w.hidden[i] = true
		}
		return
	}
	w.hidden[to-1] = true
	for i := from; i < w.run; i++ {
		w.hidden[i] = true
	}
	w.run = min(w.run, from)
}

// release writes the bytes of held before end that are not written yet.
func (w *Writer) release(end int) {
	for ; w.shown < end; w.shown++ {
		switch {
		case !w.hidden[w.shown]:
			w.buf = append(w.buf, w.held[w.shown])
		case !w.inRun:
			w.buf = append(w.buf, replacement...)
		}
		w.inRun = w.hidden[w.shown]
	}
}

func (w *Writer) send() error {
	if len(w.buf) == 0 || w.err != nil {
		return w.err
	}
	_, w.err = w.out.Write(w.buf)
	w.buf = w.buf[:0]
	return w.err
}

// Flush shows the beginning of what is held back, as far as that is safe: at most four bytes and at most a
// quarter of the shortest value. Call it when no output has come for a moment, for example after a prompt
// that ends like a value begins. If the rest of a value follows, it is hidden anyway.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(min(len(w.held), w.first+w.masker.revealed))
	return w.send()
}

// Close writes all that is held back, since no value can be completed anymore. It does not close the
// underlying writer.
func (w *Writer) Close() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	if errors.Is(w.err, ErrClosed) {
		return nil
	}
	w.endPartial(len(w.held))
	w.release(len(w.held))
	err := w.send()
	w.err = errors.Join(ErrClosed, w.err)
	return err
}
