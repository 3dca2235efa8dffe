package render

import (
	"bytes"
	"strings"
)

// fish writes commands for the fish shell: ragenv export --format fish | source. eval does not work,
// because fish's command substitution splits output into lines.
//
// In single quotes, only \' and \\ are special (fish documentation, "Quotes").
func fish(w *bytes.Buffer, values []Value, _ Options) error {
	quote := strings.NewReplacer(`'`, `\'`, `\`, `\\`)
	for _, v := range values {
		w.WriteString("set -gx " + v.Name + " '" + quote.Replace(v.Value) + "'\n")
	}
	return nil
}
