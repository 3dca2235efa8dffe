// Package maskedrun runs a command as a child process and hides secret values in its standard output and
// standard error.
//
// If standard output is a terminal, the command gets its own terminal (a pty) with the same settings and
// size. Keys reach it as they are typed, so prompts, colors, Ctrl-C and full-screen programs work. Ctrl-Z
// stops the command and the shell's job, unless the command reads that key itself. Otherwise, both streams
// are pipes.
//
// Background processes that the command starts can write until the command ends, but not longer.
package maskedrun

import (
	"errors"
	"io"
	"os"
	"time"

	"github.com/ragenv/ragenv/internal/mask"
)

// ErrUnsupported means that this system has no usable pty.
var ErrUnsupported = errors.New("hiding values in a command's output is not supported on this system")

// OutputError means that the command ran, but that some of its output could not be written.
type OutputError struct{ Err error }

func (e *OutputError) Error() string { return "write the command's output: " + e.Err.Error() }

// Unwrap returns the system's error.
func (e *OutputError) Unwrap() error { return e.Err }

// Streams are this process's standard streams.
type Streams struct{ In, Out, Err *os.File }

const (
	// quiet is how long to wait for more output before showing what is held back, as far as that is safe:
	// it may be a prompt.
	quiet = 50 * time.Millisecond
	// grace is how long to wait for output, after the command has ended, from other processes that hold the
	// stream.
	grace = 250 * time.Millisecond
)

// pump copies a stream through a masker until the stream ends or, once ended is closed, until no data has
// come for a moment. After a failed write it keeps reading, so that the command does not block, and returns
// that error.
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
			if err != nil { // on Linux, EIO at the end of a pty
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
