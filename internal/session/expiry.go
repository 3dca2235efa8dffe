package session

import (
	"strings"

	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// ExpiryUnknown says that the expiry of a new key is unknown, and how to record it.
func (s *Session) ExpiryUnknown(name string) {
	s.Print.Note("the expiry date of the new key is not known")
	s.Hint("ragenv set " + name + " --keep --expires 90d")
}

// WarnOfExpiry lists, in one line, the keys that are about to stop working.
func (s *Session) WarnOfExpiry(items []keychain.Item) {
	var phrases, names []string
	for _, item := range items {
		if expiry.Near(item.Expires, s.Now()) {
			phrases = append(phrases, item.Name+" "+expiry.Phrase(item.Expires, s.Now()))
			names = append(names, item.Name)
		}
	}
	if len(names) > 0 {
		s.Print.Warn("%s (%s)", strings.Join(phrases, ", "), s.Print.Completed("ragenv rotate "+names[0]))
	}
}
