// Package shellquote writes text as words and commands for the shell that hints are pasted into: a POSIX
// shell (POSIX.1-2024, XCU 2.2.2), or PowerShell on Windows (about_Quoting_Rules,
// about_Environment_Variables). Quote is for files that a POSIX shell reads.
package shellquote

import (
	"runtime"
	"strings"
)

// Quote returns a word in single quotes for a POSIX shell. Every byte in them is literal except the quote
// itself.
func Quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// Word returns a word unchanged if this system's shell takes it literally, otherwise in single quotes.
func Word(word string) string { return system().word(word) }

// Words returns words as one line: each as Word returns it, separated by spaces.
func Words(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = Word(word)
	}
	return strings.Join(quoted, " ")
}

// dialect is what differs between shells.
type dialect struct {
	plain  string // literal characters in addition to letters and digits
	inner  string // the words that run a command line
	quote  func(word string) string
	set    func(name, word string) string
	unset  func(names []string) string
	edit   func(word string, line int) string
	onPath func(word string) string
}

func system() dialect {
	if runtime.GOOS == "windows" {
		return powerShell
	}
	return posix
}

func (d dialect) word(word string) string {
	special := func(r rune) bool {
		return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune(d.plain, r))
	}
	if word == "" || strings.ContainsFunc(word, special) {
		return d.quote(word)
	}
	return word
}
