// Package nearest finds the word that a user most likely meant.
package nearest

import (
	"strings"

	"github.com/xrash/smetrics"
)

// Word returns the element of known that needs the fewest edits to become word, ignoring case, or "" if none
// is close. Of several, it returns the most similar by the measure that urfave's SuggestCommand uses.
func Word(known []string, word string) string {
	word = strings.ToLower(word)
	best, least, most := "", min(2, (len(word)+1)/2), 0.0
	for _, candidate := range known {
		lower := strings.ToLower(candidate)
		edits := smetrics.WagnerFischer(lower, word, 1, 1, 1)
		if edits > least {
			continue
		}
		if similar := smetrics.JaroWinkler(lower, word, 0.7, 4); edits < least || similar > most {
			best, least, most = candidate, edits, similar
		}
	}
	return best
}
