// Package keyinput takes a key from what a file, a pipe or a program gives: the one rule for ragenv set and for commands.
package keyinput

import (
	"bytes"

	"github.com/ragenv/ragenv/internal/bom"
)

// Max bounds a key, in bytes: far more than an environment variable can hold.
const Max = 1 << 20

// Value returns a key without one line break at its end, and without the byte order mark of Windows' programs.
func Value(data []byte) string {
	if bom.Unmarked(data) { // no variable can hold its NUL bytes, so it is nothing else
		data = bytes.ReplaceAll(data, []byte{0}, nil)
	}
	// PowerShell's files begin with a byte order mark. A value of any bytes may begin like one, too, and is left alone.
	if text, err := bom.Text(data); err == nil && printable(bytes.TrimSpace(text)) {
		data = text
	}
	data = bytes.TrimSuffix(data, []byte("\n"))
	return string(bytes.TrimSuffix(data, []byte("\r")))
}

// printable reports whether text has printable ASCII only, as keys have.
func printable(text []byte) bool {
	return !bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
