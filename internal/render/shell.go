package render

import (
	"bytes"
	"strings"
)

// shell writes commands for every POSIX shell: eval "$(ragenv export)".
//
// Between single quotes a shell takes every byte as it is but the quote itself (POSIX.1-2024, XCU 2.2.2).
func shell(w *bytes.Buffer, values []Value, _ Options) error {
	quote := strings.NewReplacer(`'`, `'\''`)
	for _, v := range values {
		w.WriteString("export " + v.Name + "='" + quote.Replace(v.Value) + "'\n")
	}
	return nil
}
