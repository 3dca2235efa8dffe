package dockerconfig

import (
	"fmt"

	"github.com/ragenv/ragenv/internal/atomicfile"
)

// ErrChanged, matched with errors.Is: Docker or another program changed the file after it was read. Nothing was written.
var ErrChanged = atomicfile.ErrChanged

// SyntaxError reports a file that is not the JSON Docker would read, or that says something twice. It shows none of the
// file's text, which may hold a password.
type SyntaxError struct {
	Path         string
	Line, Column int // from 1; columns are bytes
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.Reason)
}

// ErrOtherStore reports a credsStore that somebody chose and that is not replaced without being asked.
type ErrOtherStore struct {
	Name string // the present credsStore
}

func (e *ErrOtherStore) Error() string { return fmt.Sprintf("credsStore is already %q", e.Name) }
