package render

import (
	"bytes"
	"strings"
)

// dotenv writes a file for Docker Compose, as .env or for --env-file and env_file.
//
// There is no standard, so this is the format of Compose's reader (github.com/compose-spec/compose-go, package dotenv), which
// gets every value exactly. A value is written in the plainest way that holds it:
//
//   - bare, if it is only of letters, digits and _./:@%+=,- (every NGC and CyborgDB key is): docker run --env-file and a
//     sourcing shell read that identically;
//   - in single quotes, or else in double quotes: a sourcing shell reads that identically, but docker run --env-file takes
//     quotes as part of the value;
//   - with \0140 for each backquote that has to stand in double quotes: only Compose reads that. A sourcing shell gets other
//     text, but never runs it.
//
// Compose's text is UTF-8: other bytes are refused.
func dotenv(w *bytes.Buffer, values []Value, _ Options) error {
	if err := requireUTF8("dotenv", values); err != nil {
		return err
	}
	escape := strings.NewReplacer(`\`, `\\`, `"`, `\"`, `$`, `\$`, "`", `\0140`)
	for _, v := range values {
		w.WriteString(v.Name + "=")
		switch {
		case dotenvBare(v.Value):
			w.WriteString(v.Value)
		case dotenvSingle(v.Value):
			w.WriteString("'" + v.Value + "'")
		default:
			w.WriteString(`"` + escape.Replace(v.Value) + `"`)
		}
		w.WriteByte('\n')
	}
	return nil
}

func dotenvBare(value string) bool {
	for i := range len(value) {
		c := value[i]
		if !('a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("_./:@%+=,-", rune(c))) {
			return false
		}
	}
	return true
}

// dotenvSingle reports whether Compose and shells agree on value in single quotes. Compose reads \' as a quote that does not
// end the value, so the backslashes at its end must pair up.
func dotenvSingle(value string) bool {
	backslashes := value[len(strings.TrimRight(value, `\`)):]
	return !strings.Contains(value, "'") && len(backslashes)%2 == 0
}
