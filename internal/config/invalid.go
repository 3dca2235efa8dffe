package config

import (
	"errors"
	"fmt"

	"github.com/ragenv/ragenv/internal/pathfault"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// FileError reports a config file that cannot be used. It matches ErrInvalid.
type FileError struct {
	Path string
	Err  error

	notAFile bool // Err is about what is at Path, and names it
}

func (e *FileError) Error() string {
	var at *lineError
	switch {
	case e.notAFile:
		return fmt.Sprintf("%v: %v", ErrInvalid, e.Err)
	case errors.As(e.Err, &at):
		return fmt.Sprintf("%v: %s, line %d: %s", ErrInvalid, e.Path, at.line, at.message)
	}
	return fmt.Sprintf("%v: %s: %v", ErrInvalid, e.Path, e.Err)
}

// Unwrap returns ErrInvalid and the reason.
func (e *FileError) Unwrap() []error { return []error{ErrInvalid, e.Err} }

// Hint returns a command that opens the file at the fault, or makes room for a file.
func (e *FileError) Hint() string {
	if e.notAFile {
		if hint := pathfault.Hint(e.Path, false); hint != "" {
			return hint
		}
	}
	line := 0
	var at *lineError
	if errors.As(e.Err, &at) {
		line = at.line
	}
	return shellquote.Edit(e.Path, line)
}

func (c *Config) invalid(err error) error { return &FileError{Path: c.Paths.ConfigFile, Err: err} }

// lineError is a fault in one line of the file.
type lineError struct {
	line    int
	message string
}

func (e *lineError) Error() string { return fmt.Sprintf("line %d: %s", e.line, e.message) }
