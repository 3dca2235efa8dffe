package render

import (
	"bytes"
	"strings"
)

// docker writes a file for docker run --env-file: a line NAME=VALUE each. The reader takes every byte after
// the first "=" literally, without quotes and escapes, so a value with a line break cannot be written.
// Compose interprets quotes and "$" in such a line: use dotenv for Compose.
//
// The limits are those of the reader (docker/cli, pkg/kvfile): the text is UTF-8, a carriage return before
// the line break is dropped, and a line must fit into the buffer of a bufio.Scanner.
func docker(w *bytes.Buffer, values []Value, _ Options) error {
	const lineLimit = 64 << 10 // bytes, including the line break
	if err := requireUTF8("docker", values); err != nil {
		return err
	}
	for _, v := range values {
		switch {
		case strings.ContainsAny(v.Value, "\r\n"):
			return &ValueError{"docker", v.Name, "a line break"}
		case len(v.Name)+len("=")+len(v.Value)+len("\n") > lineLimit:
			return &ValueError{"docker", v.Name, "it is longer than Docker reads"}
		}
		w.WriteString(v.Name + "=" + v.Value + "\n")
	}
	return nil
}
