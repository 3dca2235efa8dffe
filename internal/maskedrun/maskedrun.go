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
	"os"
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
