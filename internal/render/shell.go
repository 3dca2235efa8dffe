package render

import (
	"bytes"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// shell writes commands for every POSIX shell: eval "$(ragenv export)".
func shell(w *bytes.Buffer, values []Value, _ Options) error {
	for _, v := range values {
		w.WriteString("export " + v.Name + "=" + shellquote.Quote(v.Value) + "\n")
	}
	return nil
}
