package render

import (
	"bytes"
	"strings"
)

// dotenv writes a file for Docker Compose: .env, or a file for --env-file and env_file.
//
// There is no standard, so this is the format of Compose's reader (github.com/compose-spec/compose-go,
// package dotenv), which reads every value exactly. A value is written in the simplest form that can hold
// it:
//
//   - Bare, if it has only letters, digits and _./:@%+=,- (as every NGC and CyborgDB key does). docker run
//     --env-file and shells that source the file read the same value.
//   - In single quotes, otherwise in double quotes. Shells that source the file read the same value, but docker
//     run --env-file takes the quotes as part of the value.
//   - With \0140 for each backquote that must be in double quotes. Only Compose reads that correctly. A shell
//     gets different text, but never runs it.
//
// Compose's text is UTF-8, so other bytes are refused.
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

// dotenvSingle reports whether Compose and shells read the value in single quotes alike. In Compose, \' is
// a quote that does not end the value, so backslashes at the end must come in pairs.
func dotenvSingle(value string) bool {
	backslashes := value[len(strings.TrimRight(value, `\`)):]
	return !strings.Contains(value, "'") && len(backslashes)%2 == 0
}
