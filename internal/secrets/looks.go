package secrets

import (
	"strings"

	"github.com/ragenv/ragenv/pkg/validate"
)

// LooksLikeKey reports whether a word of a command line is a key, or holds one ("NAME=key", "user:key"), where a name is
// expected. Then it is never repeated.
func LooksLikeKey(word string) bool {
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return strings.ContainsRune(" =:\"'\t\n", r) }) {
		if validate.Identify(part) != validate.Unknown {
			return true
		}
	}
	return false
}
