package render

import (
	"bytes"
	"strings"
)

// fish writes commands for the fish shell: ragenv export --format fish | source. (Not eval: fish's command substitution
// splits its output into lines.)
//
// Between single quotes, only \' and \\ are special (fish documentation, "Quotes").
func fish(w *bytes.Buffer, values []Value, _ Options) error {
	quote := strings.NewReplacer(`'`, `\'`, `\`, `\\`)
	for _, v := range values {
		w.WriteString("set -gx " + v.Name + " '" + quote.Replace(v.Value) + "'\n")
	}
	return nil
}
