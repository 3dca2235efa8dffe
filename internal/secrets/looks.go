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

// OpensAsKey reports whether a login to the registry that known opens is its key: by the user, or by the secret's shape. A
// registry takes a key under one user only; stored as another's login ("oauthtoken" for "$oauthtoken") it would hide the key.
func OpensAsKey(known Secret, user, secret string) bool {
	return user == known.Username || validate.Identify(secret) != validate.Unknown && validate.Worst(validate.Check(known.Kind, secret)) < validate.Unusual
}
