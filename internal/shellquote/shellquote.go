// Package shellquote writes text as words of a POSIX shell (POSIX.1-2024, XCU 2.2.2), for hints that can be pasted and for
// files that a shell reads.
package shellquote

import "strings"

// Quote returns a word in single quotes. Between them a shell takes every byte as it is but the quote itself.
func Quote(word string) string { return "'" + strings.ReplaceAll(word, "'", `'\''`) + "'" }

// Word returns a word as it is where no shell would read anything into it, else in single quotes.
func Word(word string) string {
	if word == "" || strings.ContainsFunc(word, special) {
		return Quote(word)
	}
	return word
}

// special reports whether a shell may read something into a character, wherever in a word it stands.
func special(r rune) bool {
	return !('a' <= r && r <= 'z' || 'A' <= r && r <= 'Z' || '0' <= r && r <= '9' || strings.ContainsRune("-_./:=@,+%", r))
}
