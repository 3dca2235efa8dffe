// Package tomlquote writes text as TOML 1.0 values, for files whose other content must not change.
package tomlquote

import (
	"fmt"
	"strings"
)

// String returns text as a basic string, with quotes, backslashes and control characters escaped.
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
