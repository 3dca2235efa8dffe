package dockerconfig

import (
	"fmt"

	"github.com/ragenv/ragenv/internal/atomicfile"
)

// ErrChanged: Docker or another program changed the file after it was read. Nothing was written. Match it
// with errors.Is.
var ErrChanged = atomicfile.ErrChanged

// SyntaxError reports a file that is not the JSON that Docker reads, or that has duplicates. It quotes none
// of the file's text, which may contain a password.
type SyntaxError struct {
	Path         string
	Line, Column int // from 1; columns are bytes
	Reason       string
}

func (e *SyntaxError) Error() string {
	return fmt.Sprintf("%s:%d:%d: %s", e.Path, e.Line, e.Column, e.Reason)
}

// ErrOtherStore reports a credsStore that the user chose and that is replaced only with force.
type ErrOtherStore struct {
	Name string // the current credsStore
}

func (e *ErrOtherStore) Error() string { return fmt.Sprintf("credsStore is already %q", e.Name) }
