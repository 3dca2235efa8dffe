package places

import (
	"path/filepath"
	"runtime"
	"strings"

	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// readHistory returns the whole lines that assign a variable or contain a word with the shape of a key.
func readHistory(path string, text []byte) []Finding {
	isFish := filepath.Base(path) == "fish_history"
	var findings []Finding
	lines := strings.Split(strings.TrimSuffix(string(text), "\n"), "\n")
	for i, line := range lines {
		if isFish && !strings.HasPrefix(line, "- cmd:") || !mayHoldKey(line) {
			continue
		}
		last := i
		for isFish && last+1 < len(lines) && !strings.HasPrefix(lines[last+1], "- cmd:") {
			last++
		}
		findings = append(findings, Finding{Line: i + 1, Value: keychain.NewSecret(line), Fix: deleteLines(path, [][2]int{{i + 1, last + 1}}), last: last + 1})
	}
	return findings
}

// mayHoldKey reports whether a command line is worth parsing, because a history is long.
func mayHoldKey(line string) bool {
	run := 0
	for i := range len(line) {
		c := line[i]
		if 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' || strings.ContainsRune("-_+/", rune(c)) {
			if run++; run >= 16 {
				return true
			}
		} else {
			run = 0
		}
	}
	return strings.ContainsRune(line, '=')
}

// deleteLines returns the command that deletes each span of lines (first, last) from a file. On Windows no
// command keeps the file's encoding, so the command opens an editor.
func deleteLines(path string, spans [][2]int) string {
	option := "sed -i "
	switch runtime.GOOS {
	case "darwin":
		option = "sed -i '' "
	case "windows":
		return shellquote.Edit(path, spans[0][0])
	}
	var parts []string
	for _, span := range spans {
		part := itoa(span[0])
		if span[1] > span[0] {
			part += "," + itoa(span[1])
		}
		parts = append(parts, part+"d")
	}
	return option + quoted(strings.Join(parts, ";")) + " " + quoted(path)
}
