// Package keyinput extracts a key from the content of a file, a pipe or a program's output. ragenv set and
// commands share this rule.
package keyinput

import (
	"bytes"

	"github.com/ragenv/ragenv/internal/bom"
)

// Max is the maximum size of a key in bytes, far more than an environment variable can hold.
const Max = 1 << 20

// Value returns the key without one trailing line break and without the byte order mark that Windows
// programs write.
func Value(data []byte) string {
	if bom.Unmarked(data) { // no variable can hold NUL bytes, so this is UTF-16
		data = bytes.ReplaceAll(data, []byte{0}, nil)
	}
	// PowerShell's files begin with a byte order mark. A binary value may begin with the same bytes and is
	// kept.
	if text, err := bom.Text(data); err == nil && printable(bytes.TrimSpace(text)) {
		data = text
	}
	data = bytes.TrimSuffix(data, []byte("\n"))
	return string(bytes.TrimSuffix(data, []byte("\r")))
}

// printable reports whether text is printable ASCII only, as keys are.
func printable(text []byte) bool {
	return !bytes.ContainsFunc(text, func(r rune) bool { return r < ' ' || r > '~' })
}
