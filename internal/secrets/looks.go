package secrets

import (
	"strings"

	"github.com/ragenv/ragenv/pkg/validate"
)

// LooksLikeKey reports whether an argument given instead of a name is or contains a key ("NAME=key",
// "user:key"). Messages must not repeat such an argument.
func LooksLikeKey(word string) bool {
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return strings.ContainsRune(" =:\"'\t\n", r) }) {
		if validate.Identify(part) != validate.Unknown {
			return true
		}
	}
	return false
}

// OpensAsKey reports whether a login to the registry that known opens is its key, judging by the user or by
// the secret's shape. A registry accepts a key under one user only. Stored as another user's login
// ("oauthtoken" for "$oauthtoken"), it would hide the key.
func OpensAsKey(known Secret, user, secret string) bool {
	return user == known.Username || validate.Identify(secret) != validate.Unknown && validate.Worst(validate.Check(known.Kind, secret)) < validate.Unusual
}
