// Package execve replaces this process with a command.
//
// On Unix it uses execve(2): process ID, terminal, signals, open descriptors and exit status are the
// command's own, and no parent process keeps the secrets. Windows has no such call: there the command is a
// child with the same console and streams.
package execve

import (
	"errors"
	"fmt"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// The reasons why a command could not be started. Match them with errors.Is; the *Error around them names
// the command.
var (
	// ErrNotFound: the program does not exist.
	ErrNotFound = errors.New("not found")
	// ErrRelative: the first match on PATH is in the current directory or one relative to it (see
	// exec.ErrDot).
	ErrRelative = errors.New("is found in a directory relative to the current one, and is not run from there")
	// ErrPermission: the file may not be executed.
	ErrPermission = errors.New("may not be executed")
	// ErrDirectory: the command is a directory.
	ErrDirectory = errors.New("is a directory")
	// ErrFormat: the system cannot run the file: it has no "#!" line, or is another system's program.
	ErrFormat = errors.New("is not a program this system can run")
	// ErrInterpreter: the file exists, but not the interpreter in its "#!" line or its dynamic linker.
	ErrInterpreter = errors.New("names an interpreter that does not exist")
	// ErrTooLarge: the arguments and environment together exceed the system's limit.
	ErrTooLarge = errors.New("cannot be started: its arguments and environment are too large")
)

// The exit codes of env(1) for commands that could not be started. Package ui has the others.
const (
	codeNotExecutable = 126
	codeNotFound      = 127
)

// Error says which command could not be started, and why.
type Error struct {
	Command string // as given
	Path    string // the file found, or empty
	Err     error  // one of this package's errors, or the system's
}

func (e *Error) Error() string { return fmt.Sprintf("the command %q %v", e.Command, e.reason()) }

func (e *Error) reason() string {
	switch {
	case errors.Is(e.Err, ErrNotFound):
		return "was not found"
	case errors.Is(e.Err, ErrRelative), errors.Is(e.Err, ErrPermission), errors.Is(e.Err, ErrDirectory), errors.Is(e.Err, ErrFormat),
		errors.Is(e.Err, ErrInterpreter), errors.Is(e.Err, ErrTooLarge):
		return e.Err.Error()
	}
	return "could not be started: " + e.Err.Error()
}

// Unwrap returns Err.
func (e *Error) Unwrap() error { return e.Err }

// ExitCode returns 127 if the command was not found, and 126 if it cannot or must not be run.
func (e *Error) ExitCode() int {
	if errors.Is(e.Err, ErrNotFound) {
		return codeNotFound
	}
	return codeNotExecutable
}

// Hint returns how to fix the error, or "" if that depends.
func (e *Error) Hint() string {
	switch {
	case errors.Is(e.Err, ErrNotFound):
		return "check the spelling and PATH; aliases and functions of a shell need that shell: " + shellquote.Inner("...")
	case errors.Is(e.Err, ErrRelative):
		return fmt.Sprintf("if you mean that file: %s", hereForm(e.Path))
	case errors.Is(e.Err, ErrPermission):
		return fmt.Sprintf("chmod +x %s", shellquote.Word(e.Path))
	case errors.Is(e.Err, ErrFormat):
		return `a script needs a first line such as "#!/bin/sh"`
	case errors.Is(e.Err, ErrInterpreter):
		return `check its first line; one that ends in CR LF, as editors of Windows write it, names no program`
	case errors.Is(e.Err, ErrTooLarge):
		return "pass long text in a file or on standard input"
	}
	return ""
}

// Run runs argv[0], found on the PATH of env unless it contains a directory, with arguments argv[1:] and
// environment env.
//
// On Unix it returns only on an error. On Windows it returns the command's exit code after it has ended.
// The error is an *Error, and the code is then its ExitCode.
func Run(argv, env []string) (int, error) {
	if len(argv) == 0 || argv[0] == "" {
		return codeNotFound, &Error{Err: ErrNotFound}
	}
	code, err := run(argv, env)
	if err != nil {
		return err.ExitCode(), err
	}
	return code, nil
}
