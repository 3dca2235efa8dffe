//go:build linux || darwin

package system

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

// recorder is a program that appends its name and environment to a file.
const recorder = `#!/bin/sh
{ echo "PROGRAM=${0##*/}"; env; } >>"$HOME/recorded"
case ${0##*/} in
pass) cat >/dev/null ;;
gpg2) echo '[GNUPG:] ENC_TO 0123456789ABCDEF 1 0' >&2; exit 2 ;;
esac
`

// TestProgramsGetACleanEnvironment checks that backend programs get what they need, but no key, passphrase
// or preloaded library.
func TestProgramsGetACleanEnvironment(t *testing.T) {
	home, bin, store := t.TempDir(), t.TempDir(), t.TempDir()
	for _, name := range []string{"pass", "gpg2", "security"} {
		if err := os.WriteFile(filepath.Join(bin, name), []byte(recorder), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	entry := filepath.Join(store, "ragenv", "default", "env", "X.gpg")
	if err := os.MkdirAll(filepath.Dir(entry), 0o700); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{entry, filepath.Join(store, ".gpg-id")} {
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	given := map[string]string{
		"HOME": home, "PATH": bin + ":" + os.Getenv("PATH"), "PASSWORD_STORE_DIR": store, "GNUPGHOME": home, "GPG_TTY": "/dev/tty9",
		"DISPLAY": ":9", "WAYLAND_DISPLAY": "wayland-9", "XDG_RUNTIME_DIR": home, "LC_MESSAGES": "C", "LANG": "C", "TERM": "dumb",
		"PASSWORD_STORE_GPG_OPTS": "--no-tty",
	}
	kept := []string{
		"NGC_API_KEY", "CYBORGDB_API_KEY", "RAGENV_PASSPHRASE", "RAGENV_PASSPHRASE_FILE", "RAGENV_BACKUP_PASSPHRASE_FILE", "CREDENTIALS_DIRECTORY",
		"LD_PRELOAD", "LD_LIBRARY_PATH", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "ENV", "BASH_FUNC_gpg2%%", "GIT_SSH_COMMAND", "GIT_CONFIG_COUNT",
		"OPENSSL_CONF", "ANYTHING_ELSE",
	}
	for name, value := range given {
		t.Setenv(name, value)
	}
	for _, name := range kept {
		t.Setenv(name, "/nonexistent")
	}
	former := securityProgram
	securityProgram = filepath.Join(bin, "security")
	t.Cleanup(func() { securityProgram = former })

	k := keychaintest.MustOpen(t, keychain.Options{Backend: keychain.BackendPass})
	item := keychain.Item{Ref: keychaintest.EnvRef("Y"), Secret: keychaintest.NewKey(t)}
	if err := k.Set(item); err != nil {
		t.Error(err)
	}
	// gpg2 fails, so its secret keys are listed too.
	if _, err := k.Get(keychaintest.EnvRef("X")); !errors.Is(err, keychain.ErrUnavailable) {
		t.Errorf("Get: %v", err)
	}
	if err := k.Remove(keychaintest.EnvRef("X")); err != nil {
		t.Error(err)
	}
	if _, err := newSecurityTool(keychain.Options{}).Keys(); err != nil {
		t.Error(err)
	}

	text, err := os.ReadFile(filepath.Join(home, "recorded"))
	if err != nil {
		t.Fatal(err)
	}
	calls := strings.Split(string(text), "PROGRAM=")[1:]
	var programs []string
	for _, call := range calls {
		lines := strings.Split(call, "\n")
		programs = append(programs, lines[0])
		for _, name := range kept {
			if slices.ContainsFunc(lines, func(line string) bool { return strings.HasPrefix(line, name+"=") }) {
				t.Errorf("%s got %s", lines[0], name)
			}
		}
		for name, value := range given {
			if name == envPassOptions && lines[0] != "security" {
				value += " --batch --pinentry-mode=error"
			}
			if !slices.Contains(lines, name+"="+value) {
				t.Errorf("%s did not get %s=%s", lines[0], name, value)
			}
		}
	}
	slices.Sort(programs)
	if want := []string{"gpg2", "pass", "security"}; !slices.Equal(slices.Compact(programs), want) {
		t.Errorf("recorded were %q, want %q", programs, want)
	}
	if runtime.GOOS == "linux" && os.Getenv(envPassOptions) != given[envPassOptions] {
		t.Errorf("this process's own %s was changed", envPassOptions)
	}
}
