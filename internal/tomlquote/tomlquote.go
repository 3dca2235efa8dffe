// Package tomlquote writes texts as values of TOML 1.0, for files of which the rest is kept byte for byte.
package tomlquote

import (
	"fmt"
	"strings"
)

// String returns a text as a basic string: quotes, backslashes and control characters are escaped, all else stands for itself.
func String(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r < ' ' || r == 0x7f:
			fmt.Fprintf(&b, `\u%04X`, r)
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}

// Array returns texts as an array of basic strings on one line.
func Array(texts []string) string {
	quoted := make([]string, len(texts))
	for i, text := range texts {
		quoted[i] = String(text)
	}
	return "[" + strings.Join(quoted, ", ") + "]"
}
