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

	mu     sync.Mutex
	state  int32
	held   []byte // ends with the bytes that state stands for
	hidden []bool // which of held belong to a value
	first  int    // the first of held that is not let go yet
	run    int    // where in held the hidden bytes begin that it ends with; len(held) if it ends with another
	shown  int    // where in held begins what is not out yet: behind first, if Flush has shown some
	inRun  bool   // the last byte that is out was hidden: its Replacement is written
	buf    []byte // what goes out with the present call
	err    error  // the first of the writer beneath, for good
}

// Writer returns a Writer to out.
func (m *Masker) Writer(out io.Writer) *Writer { return &Writer{masker: m, out: out} }

// Write takes p whole, or returns the error of the writer beneath, which all later calls return too.
func (w *Writer) Write(p []byte) (int, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.err != nil {
		return 0, w.err
	}
	for i := 0; i < len(p); {
		if w.state == 0 {
			// No value has begun: go to the next byte that could begin one.
			start := i
			for i < len(p) && w.masker.roots[p[i]] == 0 {
				i++
			}
			if i > start {
				w.buf = append(w.buf, p[start:i]...)
				w.inRun = false
			}
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
	w.state = w.masker.step(w.state, c)
	n := &w.masker.nodes[w.state]
	w.held = append(w.held, c)
	w.hidden = append(w.hidden, n.match > 0)
	if n.match > 0 {
		// What was hidden before this byte is so without a gap from run on.
		from := len(w.held) - int(n.match)
		for i := from; i < w.run; i++ {
			w.hidden[i] = true
		}
		w.run = min(w.run, from)
	} else {
		w.run = len(w.held)
	}
	w.first = len(w.held) - int(n.depth)
	w.release(w.first)
	if w.first > len(w.held)/2 { // so that each byte is moved about once
		w.held = append(w.held[:0], w.held[w.first:]...)
		w.hidden = append(w.hidden[:0], w.hidden[w.first:]...)
		w.run, w.shown = max(w.run-w.first, 0), w.shown-w.first
		w.first = 0
	}
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
// rest of a value that follows is hidden all the same.
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
	w.release(len(w.held))
	err := w.send()
	w.err = errors.Join(ErrClosed, w.err)
	return err
}
