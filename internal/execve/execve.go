// Package execve runs a command in the place of this process.
//
// On Unix it is a real execve(2): the process id, the terminal, the signals, the open descriptors and the exit status are
// the command's own, and no parent is left that holds the secrets. On Windows, which has no such call, the command is a
// child with the same console and streams.
package execve

import (
	"errors"
	"fmt"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// Why a command could not be started. They are matched with errors.Is; an *Error around them names the command.
var (
	// ErrNotFound: there is no such program.
	ErrNotFound = errors.New("not found")
	// ErrRelative: PATH has it first in the current directory, or in one given relative to that (see exec.ErrDot).
	ErrRelative = errors.New("is found in a directory relative to the current one, and is not run from there")
	// ErrPermission: the file may not be executed.
	ErrPermission = errors.New("may not be executed")
	// ErrDirectory: it is a directory.
	ErrDirectory = errors.New("is a directory")
	// ErrFormat: the system does not know how to run the file: no "#!" line, or another system's program.
	ErrFormat = errors.New("is not a program this system can run")
	// ErrInterpreter: the file is there, but not what its "#!" line, or its dynamic linker, names.
	ErrInterpreter = errors.New("names an interpreter that does not exist")
	// ErrTooLarge: the arguments and the environment together are more than the system takes.
	ErrTooLarge = errors.New("cannot be started: its arguments and environment are too large")
)

// The exit codes of env(1), for commands that could not be started. Package ui has the others.
const (
	codeNotExecutable = 126
	codeNotFound      = 127
)

// Error says which command could not be started, and why.
type Error struct {
	Command string // as it was given
	Path    string // the file it stands for; empty if none was found
	Err     error  // one of this package's errors, or what the system said
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

// Unwrap returns the reason.
func (e *Error) Unwrap() error { return e.Err }

// ExitCode is 127 when nothing was found, 126 when what was found cannot or must not be run.
func (e *Error) ExitCode() int {
	if errors.Is(e.Err, ErrNotFound) {
		return codeNotFound
	}
	return codeNotExecutable
}

// Hint says what to do about it; empty if that depends.
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

// Run starts argv[0], found along the PATH of env if it has no directory in it, with those arguments and that environment.
//
// On Unix it returns only to say why it could not. On Windows it returns the command's exit code when it has ended. The
// error is an *Error, and the code is then that error's ExitCode.
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
