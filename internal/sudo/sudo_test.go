//go:build unix

package sudo

import (
	"errors"
	"os"
	"path/filepath"
	"strconv"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
)

func TestKeysElsewhere(t *testing.T) {
	root, alice, bob, carol, dave := t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir(), t.TempDir()
	touch(t, filepath.Join(alice, ".local/share/ragenv/store.json"))
	touch(t, filepath.Join(carol, ".config/ragenv/config.toml"))
	touch(t, filepath.Join(dave, ".local/share"))
	homes := map[string]string{"root": root, "alice": alice, "bob": bob, "carol": carol, "dave": dave}
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
		{"a person whose home cannot be read", "dave", root, false},
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

func TestOwns(t *testing.T) {
	ours, others := filepath.Join(t.TempDir(), "ours"), filepath.Join(t.TempDir(), "others")
	touch(t, ours)
	touch(t, others)
	sudoUID := func(uid string) func(string) string {
		return func(name string) string { return map[string]string{"SUDO_UID": uid}[name] }
	}
	if Owns(sudoUID(strconv.Itoa(os.Geteuid())), ours) {
		t.Error("a file of this process's own user is nobody else's")
	}
	if Owns(sudoUID("4711"), filepath.Join(t.TempDir(), "absent")) {
		t.Error("an absent file belongs to nobody")
	}
	if err := os.Lchown(others, 4711, -1); err != nil {
		t.Skipf("only root can give a file away: %v", err)
	}
	if !Owns(sudoUID("4711"), others) {
		t.Error("the file of who called sudo was not recognized")
	}
	if Owns(sudoUID("4712"), others) || Owns(sudoUID(""), others) {
		t.Error("a third user's file was taken for the caller's")
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
