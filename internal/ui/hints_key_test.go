package ui

import (
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// Each fault of a backend's key has a hint of its own.
func TestKeyHint(t *testing.T) {
	for fault, want := range map[keychain.KeyFault]string{
		keychain.KeySecretAbsent: "from a backup of the secret key: gpg --import FILE",
		keychain.KeyAbsent:       "from a backup of that key: gpg --import FILE; or with another key: pass init GPG-ID",
		keychain.KeyExpired:      "gpg --quick-set-expire F00D 1y && gpg --quick-set-expire F00D 1y '*'",
		keychain.KeyUnusable:     "with another key: pass init GPG-ID",
	} {
		err := &keychain.KeyError{Backend: keychain.BackendPass, Reason: "x", Fault: fault, Fingerprint: "F00D"}
		if got := Explain(err).Hint; got != want {
			t.Errorf("%d: %q, want %q", fault, got, want)
		}
	}
}
