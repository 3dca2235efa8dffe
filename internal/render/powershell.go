package render

import (
	"bytes"
	"fmt"
	"unicode/utf16"
)

// powershell writes commands for PowerShell 5.1 and later: ragenv export --format powershell |
// Invoke-Expression
//
// PowerShell reads a program's output line by line, in a code page that may not be UTF-8. So each command
// is one line of printable ASCII, and all other characters are written as [char]0x2019, one per UTF-16 code
// unit. In single-quoted text only the quote is special, and is doubled (about_Quoting_Rules). Before
// PowerShell 7.5, an empty value removes the variable. PowerShell's text is UTF-16, so bytes that are not
// UTF-8 are refused.
func powershell(w *bytes.Buffer, values []Value, _ Options) error {
	if err := requireUTF8("powershell", values); err != nil {
		return err
	}
	for _, v := range values {
		// The expression starts with a string, even an empty one, so that "+" joins text.
		w.WriteString("$env:" + v.Name + " = '")
		quoted := true
		for _, unit := range utf16.Encode([]rune(v.Value)) {
			plain := ' ' <= unit && unit <= '~'
			switch {
			case plain && !quoted:
				w.WriteString(" + '")
			case !plain && quoted:
				w.WriteByte('\'')
			}
			quoted = plain
			switch {
			case !plain:
				fmt.Fprintf(w, " + [char]0x%04x", unit)
			case unit == '\'':
				w.WriteString("''")
			default:
				w.WriteByte(byte(unit))
			}
		}
		if quoted {
			w.WriteByte('\'')
		}
		w.WriteByte('\n')
	}
	return nil
}
