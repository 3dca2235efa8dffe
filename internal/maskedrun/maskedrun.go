// Package maskedrun runs a command as a child and hides secret values in what it writes to standard output and standard error.
//
// Where standard output is a terminal, the command gets a terminal of its own (a pty) with the same settings and size, and keys
// go to it as they are typed, so that prompts, colors, Ctrl-C and full-screen programs work. Ctrl-Z stops it and the shell's
// job, unless the command reads that key itself. Where standard output goes elsewhere, both streams are pipes.
//
// What the command leaves behind in the background may write until the command ends, but no longer.
package maskedrun

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/ragenv/ragenv/internal/mask"
)

// ErrUnsupported: this system has no pty that could be used.
var ErrUnsupported = errors.New("hiding values in a command's output is not supported on this system")

// OutputError: the command ran, but not all of its output could be written.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return "write the command's output: " + e.Err.Error() }

// Unwrap returns what the system said.
func (e *OutputError) Unwrap() error { return e.Err }

// Streams are the standard streams of this process.
type Streams struct{ In, Out, Err *os.File }

const (
	// quiet is how long nothing has come when what is held back is shown, as far as that is safe: a prompt may end so.
	quiet = 50 * time.Millisecond
	// grace is how long nothing has come after the command's end when nobody else who holds the stream is waited for.
	grace = 250 * time.Millisecond
)

// pump writes all that comes from a stream through a masker. Once ended is closed, it returns when nothing has come for a
// moment, and at the stream's end in any case. It reads on after a failed write, so that the command is not held up, and
// returns that error.
func pump(from io.Reader, to *mask.Writer, ended <-chan struct{}) (failed error) {
	chunks := make(chan []byte)
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer close(chunks)
		for {
			chunk := make([]byte, 32<<10)
			n, err := from.Read(chunk)
			if n > 0 {
				select {
				case chunks <- chunk[:n]:
				case <-done:
					return
				}
			}
			if err != nil { // EIO at the end of a pty, on Linux
				return
			}
		}
	}()
	note := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	defer func() { note(to.Close()) }()
	var pause <-chan time.Time
	over := false
	for {
		select {
		case chunk, ok := <-chunks:
			if !ok {
				return failed
			}
			_, err := to.Write(chunk)
			note(err)
			if pause = time.After(quiet); over {
				pause = time.After(grace)
			}
		case <-pause:
			if over {
				return failed
			}
			pause = nil
			note(to.Flush())
		case <-ended:
			ended, over, pause = nil, true, time.After(grace)
		}
	}
}
