package ui

import (
	"slices"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// QuoteWords returns words as a line for a shell, for hints. It hides what looks like a key.
func QuoteWords(words []string) string {
	words = slices.Clone(words)
	for i, word := range words {
		if secrets.LooksLikeKey(word) {
			words[i] = "..."
		}
	}
	return shellquote.Words(words)
}
