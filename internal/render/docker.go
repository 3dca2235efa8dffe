package render

import (
	"bytes"
	"strings"
)

// docker writes a file for docker run --env-file, a line NAME=VALUE each, of which the reader takes every byte after the first "=": there are no
// quotes and no escapes, so a line break cannot be written. Compose reads quotes and "$" in such a line: dotenv is its format.
//
// The limits are those of the reader (docker/cli, pkg/kvfile): UTF-8, a carriage return at the end of a line is part of its end,
// and a line has to fit into the buffer of a bufio.Scanner.
func docker(w *bytes.Buffer, values []Value, _ Options) error {
	const lineLimit = 64 << 10 // bytes, with the line break
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
