package session_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// locked returns a session whose keychain has a passphrase and is locked, and its messages. env adds
// variables to its environment.
func locked(t *testing.T, env map[string]string) (*session.Session, *keychain.Keychain, *strings.Builder) {
	t.Helper()
	s, _, printed := sessiontest.New(t)
	s.Print.Quiet = false
	sessiontest.Setenv(s, env)
	if err := os.RemoveAll(s.Config.Paths.Store); err != nil {
		t.Fatal(err)
	}
	options := keychain.Options{Backend: keychain.BackendFile, Dir: s.Config.Paths.Store}
	if _, err := keychain.CreateFileStore(options, keychain.Protection{Passphrase: []byte("of the keychain"), WorkFactor: 10}); err != nil {
		t.Fatal(err)
	}
	k, err := s.Opener().Read()
	if err != nil {
		t.Fatal(err)
	}
	if err := k.Set(keychain.Item{Ref: s.EnvRef("MY_TOKEN"), Secret: secret()}); err != nil {
		t.Fatal(err)
	}
	return s, k, printed
}

// The error for a wrong passphrase names the variable that it came from.
func TestWrongPassphrase(t *testing.T) {
	dir := t.TempDir()
	file := filepath.Join(dir, passphrase.CredentialName)
	if err := os.WriteFile(file, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, env := range map[string]map[string]string{
		passphrase.EnvFile:        {passphrase.EnvFile: file, passphrase.EnvValue: "also wrong", passphrase.EnvCredentials: dir},
		passphrase.EnvCredentials: {passphrase.EnvValue: "also wrong", passphrase.EnvCredentials: dir},
		passphrase.EnvValue:       {passphrase.EnvValue: "wrong", passphrase.EnvCredentials: t.TempDir()},
		"":                        {passphrase.EnvCredentials: t.TempDir()},
	} {
		s, k, _ := locked(t, env)
		if got := s.PassphraseVariable(); got != variable {
			t.Errorf("the variable is %q, want %q", got, variable)
		}
		if err := s.ExplainPassphrase(keychain.ErrLocked); err != keychain.ErrLocked {
			t.Errorf("another error became %v", err)
		}
		want := "$" + variable + ": wrong passphrase"
		if variable == "" {
			want = keychain.ErrWrongPassphrase.Error()
		}
		if err := s.ExplainPassphrase(keychain.ErrWrongPassphrase); err.Error() != want {
			t.Errorf("%v, want %q", err, want)
		}
		if variable == "" {
			if terminal, err := ui.OpenTerminal(); err == nil {
				terminal.Close() // it would ask there
				continue
			}
			_, getErr := s.Get(k, s.EnvRef("MY_TOKEN"))
			for what, err := range map[string]error{"unlocking": s.EnsureUnlocked(k), "reading": getErr, "asking": s.AskPassphrase(k)} {
				if !errors.Is(err, keychain.ErrLocked) || !strings.HasSuffix(err.Error(), "and there is no terminal to ask for the passphrase") || !strings.Contains(ui.Explain(err).Hint, passphrase.EnvFile) {
					t.Errorf("%s without a terminal: %v, hint %q", what, err, ui.Explain(err).Hint)
				}
			}
			continue
		}
		_, getErr := s.Get(k, s.EnvRef("MY_TOKEN"))
		_, placeErr := s.FindPlace(s.EnvRef("MY_TOKEN"), false)
		for what, err := range map[string]error{"unlocking": s.EnsureUnlocked(k), "reading": getErr, "replacing": placeErr} {
			if !errors.Is(err, keychain.ErrWrongPassphrase) || !strings.Contains(err.Error(), "$"+variable) {
				t.Errorf("%s with %s: %v", what, variable, err)
			}
		}
		if place, err := s.FindPlace(s.EnvRef("MY_TOKEN"), true); err != nil || !place.Taken || place.Unread == nil {
			t.Errorf("replacing by force: %+v, %v", place, err)
		}
	}
}

// If the config file is lost, keys are stored where they were; without a keychain, nothing is created unasked.
func TestStoreWithoutConfig(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	ref, value := s.EnvRef("MY_TOKEN"), secret()
	reload := func(path string) {
		t.Helper()
		if err := os.RemoveAll(path); err != nil {
			t.Fatal(err)
		}
		var err error
		if s.Config, err = config.Load(s.Getenv); err != nil {
			t.Fatal(err)
		}
	}
	reload(s.Config.Paths.ConfigFile)
	if err := s.Store(keychain.Item{Ref: ref, Secret: value}, false); err != nil {
		t.Fatal(err)
	}
	has(t, k, ref, value)
	if s.Config.Backend != keychain.BackendFile {
		t.Errorf("the backend is %q", s.Config.Backend)
	}
	if terminal, err := ui.OpenTerminal(); err == nil {
		terminal.Close() // it would ask there
		return
	}
	reload(s.Config.Paths.Store)
	if err := s.Store(keychain.Item{Ref: ref, Secret: value}, false); !errors.Is(err, keychain.ErrNoStore) {
		t.Errorf("without a keychain: %v", err)
	}
}

func TestNeverLocked(t *testing.T) {
	s, k, printed := locked(t, nil)
	if never, err := s.NeverLocked(k); never || err != nil || printed.Len() > 0 {
		t.Errorf("with a passphrase: %t, %v, it says %q", never, err, printed)
	}
	s, k, printed = sessiontest.New(t)
	s.Print.Quiet = false
	if never, err := s.NeverLocked(k); !never || err != nil || !strings.Contains(printed.String(), "so it is never locked\nragenv: hint: ragenv passphrase") {
		t.Errorf("without one: %t, %v, it says %q", never, err, printed)
	}
	if err := s.EnsureUnlocked(k); err != nil {
		t.Error(err)
	}
}

func TestExplainBackend(t *testing.T) {
	other := errors.New("other")
	for _, test := range []struct {
		backend string
		err     error
		hint    string
	}{
		{keychain.BackendFile, keychain.ErrLocked, ui.Explain(keychain.ErrLocked).Hint},
		{keychain.BackendPass, keychain.ErrLocked, "RAGENV_BACKEND=pass ragenv unlock"},
		{keychain.BackendPass, keychain.ErrUnavailable, "ragenv backend"},
		{keychain.BackendPass, other, ui.Explain(other).Hint},
	} {
		err := session.ExplainBackend(test.backend, test.err)
		if !errors.Is(err, test.err) || ui.Explain(err).Hint != test.hint {
			t.Errorf("%s, %v: %v, hint %q", test.backend, test.err, err, ui.Explain(err).Hint)
		}
	}
}

// A stored key takes the place of a command only on purpose, and RemoveSource ends what the command gives.
func TestStoreInPlaceOfACommand(t *testing.T) {
	s, k, printed := sessiontest.New(t)
	s.Print.Quiet = false
	ref := s.EnvRef("MY_TOKEN")
	source := func() {
		t.Helper()
		if err := s.Config.SetSource(ref, config.Source{Command: []string{"vault"}}); err != nil {
			t.Fatal(err)
		}
	}
	source()
	if terminal, err := ui.OpenTerminal(); err == nil {
		terminal.Close() // it would ask there
	} else if _, err := s.FindPlace(ref, false); err == nil || err.Error() != "MY_TOKEN comes from a command (vault)" {
		t.Errorf("without --force: %v", err)
	}
	value := secret()
	if err := s.Store(keychain.Item{Ref: ref, Secret: value}, true); err != nil {
		t.Fatal(err)
	}
	has(t, k, ref, value)
	if _, still := s.Config.Source(ref); still || !strings.Contains(printed.String(), "MY_TOKEN no longer comes from a command") {
		t.Errorf("the command is still there: %t, it says %q", still, printed)
	}
	if err := s.RemoveSource(ref); err == nil || err.Error() != "no command gives MY_TOKEN" {
		t.Errorf("removed twice: %v", err)
	}
	source()
	if err := s.RemoveSource(ref); err != nil {
		t.Error(err)
	}
	if _, still := s.Config.Source(ref); still {
		t.Error("the command is still there")
	}
}
