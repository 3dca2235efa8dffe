package render

import (
	"bytes"
	"fmt"
	"io"
	"strings"
)

// github writes lines for the file that $GITHUB_ENV names, which set variables for later steps of a GitHub
// Actions job: ragenv export --format github >> "$GITHUB_ENV". This hides nothing in the log: see
// GitHubMasks.
//
// GitHub advises a random delimiter, because a value that contains the delimiter could set further
// variables. Here, the delimiter is one that no value contains. That is certain, and the same values give
// the same output.
//
// The runner reads the file as UTF-8, so other bytes are refused. So is a carriage return at the end of a
// value, which the runner on Windows reads as half a line end. The runner does not set variables named
// GITHUB_* and RUNNER_*, nor NODE_OPTIONS.
func github(w *bytes.Buffer, values []Value, _ Options) error {
	if err := requireUTF8("github", values); err != nil {
		return err
	}
	for _, v := range values {
		switch {
		case strings.HasPrefix(v.Name, "GITHUB_"), strings.HasPrefix(v.Name, "RUNNER_"), v.Name == "NODE_OPTIONS":
			return &NameError{"github", v.Name, "GitHub Actions does not let a step set it"}
		case strings.HasSuffix(v.Value, "\r"):
			return &ValueError{"github", v.Name, "a carriage return at the end"}
		}
	}
	delimiter := githubDelimiter(values)
	for _, v := range values {
		w.WriteString(v.Name + "<<" + delimiter + "\n" + v.Value + "\n" + delimiter + "\n")
	}
	return nil
}

func githubDelimiter(values []Value) string {
	const base = "RAGENV_END_OF_VALUE"
	delimiter := base
	for n := 1; ; n++ {
		used := false
		for _, v := range values {
			used = used || strings.Contains(v.Value, delimiter)
		}
		if !used {
			return delimiter
		}
		delimiter = fmt.Sprintf("%s_%d", base, n)
	}
}

// GitHubMasks writes the workflow commands that make GitHub Actions hide the values in the rest of the
// job's log. The runner reads them from a step's standard output or error, and does not show them. They
// contain the values, so write them only if a runner reads them ($GITHUB_ACTIONS is "true"). Empty values
// are omitted.
func GitHubMasks(w io.Writer, values []Value) error {
	escape := strings.NewReplacer("%", "%25", "\r", "%0D", "\n", "%0A") // like escapeData in @actions/core
	var buf bytes.Buffer
	for _, v := range values {
		if v.Value != "" {
			buf.WriteString("::add-mask::" + escape.Replace(v.Value) + "\n")
		}
	}
	_, err := w.Write(buf.Bytes())
	return err
}
