//go:build unix

package main

import (
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// "sudo -E ragenv ..." finds the user's store, which root does not trust. The error names sudo, and the
// exit code stays.
func TestAnothersStoreUnderSudo(t *testing.T) {
	store := t.TempDir()
	if err := os.Lchown(store, 4711, -1); err != nil {
		t.Skipf("only root can give a directory away: %v", err)
	}
	cause := ui.WithCode(fmt.Errorf("open: %w", &keychain.InsecureError{Path: store, Reason: "belongs to user 4711"}), ui.CodeOwnFailure)
	for uid, want := range map[string]bool{"4711": true, "4712": false, "": false} {
		p := &program{getenv: func(name string) string { return map[string]string{sudo.EnvUID: uid}[name] }}
		got := ui.Explain(p.underSudo(cause))
		if strings.Contains(got.Error(), "because of sudo") != want || strings.Contains(got.Hint, "without sudo") != want {
			t.Errorf("called by %q: %q, hint %q", uid, got, got.Hint)
		}
		if got.Code != ui.CodeOwnFailure {
			t.Errorf("called by %q: exit code %d", uid, got.Code)
		}
	}
}
