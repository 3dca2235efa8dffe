package mask

import (
	"errors"
	"io"
	"sync"
)

// ErrClosed: a Write after Close.
var ErrClosed = errors.New("write after close")

// Writer hides the values in what is written through it. What has to be hidden is found wherever the borders of the Writes
// are. Every run of bytes that belong to values becomes one Replacement.
//
// It holds back only what may be the beginning of a value. Everything before that has reached the writer beneath when Write
// returns. Its methods may be called at the same time.
type Writer struct {
	masker *Masker
	out    io.Writer

	mu      sync.Mutex
	state   int32 // of the automaton of texts as they are
	wrapped lane
	gap     int // how many line breaks and spaces have come since the last other byte
	escaped lane
	partial int // how many bytes of a percent-encoded one have come: 0 to 2

	held   []byte // ends with the bytes that the states stand for
	hidden []bool // which of held belong to a value
	first  int    // the first of held that is not let go yet
	run    int    // where in held the hidden bytes begin that it ends with; len(held) if it ends with another
	shown  int    // where in held begins what is not out yet: behind first, if Flush has shown some
	inRun  bool   // the last byte that is out was hidden: its Replacement is written
	buf    []byte // what goes out with the present call
	err    error  // the first of the writer beneath, for good
}

// Writer returns a Writer to out.
func (m *Masker) Writer(out io.Writer) *Writer {
	return &Writer{masker: m, out: out, wrapped: lane{automaton: &m.wrapped}, escaped: lane{automaton: &m.escaped}}
}

// maxGap is how many line breaks and spaces two digits of base64 or hexadecimal may have between them.
const maxGap = 8

// lane is an automaton at work on tokens that are not the bytes of the stream.
type lane struct {
	automaton *automaton
	state     int32
	starts    []int // where in held the tokens begin that state stands for
}

// step takes a token that begins at start. If it ends a text, matched is set, and the text begins at from.
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

// first is where in held the bytes begin that state stands for, otherwise if it stands for none.
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

// Write takes p whole, or returns the error of the writer beneath, which all later calls return too.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	for i := 0; i < len(p); {
		if w.first == len(w.held) {
			// Nothing has begun: go to the next byte that could begin something.
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

// take moves on by one byte, and lets go of what cannot belong to a value any more.
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
	if w.first > len(w.held)/2 { // so that each byte is moved about once
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

// takeWrapped passes over the line breaks and spaces between digits.
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

// takeEscaped takes "%", and the two digits that follow, for the byte that they mean.
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

// endPartial takes what began as a percent-encoded byte, and ends at end without being one, for what it is.
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

// hide marks held bytes as those of a value. What was hidden before the last byte is so without a gap from run on.
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

// release lets out what is held before end and not out yet.
func (w *Writer) release(end int) {
	for ; w.shown < end; w.shown++ {
		switch {
		case !w.hidden[w.shown]:
			w.buf = append(w.buf, w.held[w.shown])
		case !w.inRun:
			w.buf = append(w.buf, Replacement...)
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

// Flush shows what is held back, as far as that gives nothing away: the first bytes, at most four and at most a quarter of
// the shortest value. It is for when no output has come for a moment, as after a prompt that ends like a value begins. The
// rest of a value that follows is hidden anyway.
func (w *Writer) Flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.release(min(len(w.held), w.first+w.masker.revealed))
	return w.send()
}

// Close shows all that is held back, as no value can be completed any more. It does not close the writer beneath.
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
