// Package ui is how both programs talk to the user.
//
// The rules: an error is one line, "PROGRAM: error: what happened", in lower case and without a full stop.
// If anything can be done about it, a second line, "PROGRAM: hint: ...", says what, if possible as a
// command to paste. Warnings and notes are one line each. All of it goes to standard error, and never
// contains a secret. An error without a hint that would have helped a user is a bug.
package ui

import (
	"errors"
	"fmt"
	"io"
	"strings"
	"unicode"

	"github.com/ragenv/ragenv/pkg/validate"
)

// Exit codes. env(1), docker run and other programs that start a command also use 125. Their 126 and 127
// are in package execve.
const (
	CodeFailure     = 1   // the command failed
	CodeUsage       = 2   // wrong flags or arguments
	CodeOwnFailure  = 125 // ragenv failed before the command was started
	CodeInterrupted = 130 // 128 + SIGINT, at a prompt
)

// Error is an error with a hint and an exit code.
type Error struct {
	Err  error
	Hint string // what to do next; empty if nothing can be done
	Code int    // exit code; 0 means CodeFailure
}

func (e *Error) Error() string { return e.Err.Error() }

// Unwrap returns the wrapped error.
func (e *Error) Unwrap() error { return e.Err }

// Errorf returns an Error with a hint, which may be empty. The format may wrap with %w.
func Errorf(hint, format string, args ...any) *Error {
	return &Error{Err: fmt.Errorf(format, args...), Hint: hint}
}

// Usagef returns an Error with CodeUsage.
func Usagef(hint, format string, args ...any) *Error {
	return &Error{Err: fmt.Errorf(format, args...), Hint: hint, Code: CodeUsage}
}

// WithCode returns err with an exit code, keeping its hint. Nil stays nil.
func WithCode(err error, code int) error {
	if err == nil {
		return nil
	}
	explained := *Explain(err)
	explained.Code = code
	return &explained
}

// Printer writes a program's messages.
type Printer struct {
	Program string    // the prefix
	W       io.Writer // standard error
	Quiet   bool      // suppresses notes
	// Complete adds to the commands in a hint what they need to do the same job here, such as a flag; nil adds nothing.
	Complete func(hint string) string
}

// Fail prints an error with its hint and returns the exit code. A nil error prints nothing and returns 0.
func (p Printer) Fail(err error) int {
	if err == nil {
		return 0
	}
	e := Explain(err)
	p.line("error", e.Error())
	if e.Hint != "" {
		p.Hint("%s", e.Hint)
	}
	if e.Code == 0 {
		return CodeFailure
	}
	return e.Code
}

// Warn prints one line about a problem that stops nothing.
func (p Printer) Warn(format string, args ...any) { p.line("warning", fmt.Sprintf(format, args...)) }

// Hint prints one line that says what to do.
func (p Printer) Hint(format string, args ...any) {
	p.line("hint", p.Completed(fmt.Sprintf(format, args...)))
}

// Completed returns a hint, or another command to paste, as Complete makes it.
func (p Printer) Completed(hint string) string {
	if p.Complete == nil {
		return hint
	}
	return p.Complete(hint)
}

// Note prints one line of information, unless Quiet is set.
func (p Printer) Note(format string, args ...any) {
	if !p.Quiet {
		p.line("note", fmt.Sprintf(format, args...))
	}
}

func (p Printer) line(kind, text string) {
	_, _ = fmt.Fprintf(p.W, "%s: %s: %s\n", p.Program, kind, Printable(text))
}

// Printable makes text safe to print as one line: without control sequences, which a server name or a file
// may contain, and without keys (see WithoutKeys).
func Printable(text string) string {
	return WithoutKeys(strings.Map(func(r rune) rune {
		if r == '\n' || r == '\t' {
			return ' '
		}
		if steers(r) {
			return unicode.ReplacementChar
		}
		return r
	}, text))
}

// minHidden is the minimum length of a word to hide if it begins like a key, whole or cut.
const minHidden = 20

// WithoutKeys replaces every word that has the shape of a key, or of the beginning of one, with "...".
// Users paste keys where a name belongs (a server, a profile, a file, a setting), and messages quote what
// was wrong.
func WithoutKeys(text string) string {
	inWord := func(c byte) bool {
		return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || c == '_' || c == '-'
	}
	for start := 0; start < len(text); start++ {
		end := start
		for end < len(text) && inWord(text[end]) {
			end++
		}
		if end-start >= minHidden && validate.Identify(text[start:end]) != validate.Unknown {
			text, end = text[:start]+"..."+text[end:], start+len("...")
		}
		start = end
	}
	return text
}

// Explain returns err as an Error: unchanged if it is one, otherwise with the hint for its type.
func Explain(err error) *Error {
	var explained *Error
	if errors.As(err, &explained) {
		if error(explained) == err {
			return explained
		}
		// The Error was wrapped: keep the longer text.
		return &Error{Err: err, Hint: explained.Hint, Code: explained.Code}
	}
	e := &Error{Err: err, Hint: hintFor(err)}
	var coded interface{ ExitCode() int }
	if errors.As(err, &coded) {
		e.Code = coded.ExitCode()
	}
	return e
}
