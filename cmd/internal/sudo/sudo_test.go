//go:build unix

package sudo

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/ragenv/ragenv/cmd/internal/config"
)

func TestKeysElsewhere(t *testing.T) {
	root, alice, bob, carol := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	touch(t, filepath.Join(alice, ".local/share/ragenv/store.json"))
	touch(t, filepath.Join(carol, ".config/ragenv/config.toml"))
	homes := map[string]string{"root": root, "alice": alice, "bob": bob, "carol": carol}
	homeOf := func(name string) (string, error) {
		if home, ok := homes[name]; ok {
			return home, nil
		}
		return "", errors.New("unknown user")
	}
	for _, tc := range []struct {
		doc       string
		sudoUser  string
		home      string
		elsewhere bool
	}{
		{"no sudo", "", root, false},
		{"a person with a file store", "alice", root, true},
		{"a person whose keys are in a system's keychain", "carol", root, true},
		{"a person who never used it", "bob", root, false},
		{"sudo that kept HOME", "alice", alice, false},
		{"a user this machine does not know", "mallory", root, false},
		{"root itself", "root", root, false},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			env := map[string]string{"HOME": tc.home, "SUDO_USER": tc.sudoUser}
			getenv := func(name string) string { return env[name] }
			used, err := config.FindPaths(getenv)
			if err != nil {
				t.Fatal(err)
			}
			caller, elsewhere := keysElsewhere(getenv, used, homeOf)
			if elsewhere != tc.elsewhere {
				t.Fatalf("keysElsewhere = %v, want %v", elsewhere, tc.elsewhere)
			}
			if elsewhere && (caller.Name != tc.sudoUser || caller.Home != homes[tc.sudoUser]) {
				t.Errorf("caller = %+v", caller)
			}
		})
	}
}

func touch(t *testing.T, path string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
}
