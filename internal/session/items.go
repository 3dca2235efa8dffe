package session

import (
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// WithoutFingerprints counts the items that users know about.
func WithoutFingerprints(items []keychain.Item) (n int) {
	for _, item := range items {
		if item.Kind != keychain.KindFingerprint {
			n++
		}
	}
	return n
}

// ItemName returns the name of an item of any profile, for messages.
func ItemName(ref keychain.Ref) string {
	name := ui.Printable(ref.Name)
	if ref.Kind == keychain.KindPrevious {
		name += " from before its rotation"
	}
	if ref.Profile != config.DefaultProfile {
		name += " in profile " + ref.Profile
	}
	return name
}
