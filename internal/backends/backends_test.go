package backends

import (
	"errors"
	"fmt"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func TestList(t *testing.T) {
	s, _, printed := sessiontest.New(t)
	s.Print.Quiet = false
	home := s.Config.Paths.Home
	for name, tc := range map[string]struct{ home, backend, want string }{
		"chosen by the first key": {home, "", "file is in use (" + s.Config.Paths.ConfigFile + ")"},
		"by the environment":      {home, keychain.BackendFile, "file is in use ($RAGENV_BACKEND)"},
		"not yet":                 {t.TempDir(), "", "no backend is chosen yet"},
	} {
		t.Run(name, func(t *testing.T) {
			c, err := config.Load(func(name string) string {
				return map[string]string{"HOME": tc.home, "USERPROFILE": tc.home, config.EnvBackend: tc.backend}[name]
			})
			if err != nil {
				t.Fatal(err)
			}
			var out strings.Builder
			s.Config, s.Stdout = c, &out
			printed.Reset()
			if err := List(s); err != nil {
				t.Fatal(err)
			}
			if rows := strings.Count(out.String(), "\n"); rows != len(keychain.Backends()) {
				t.Errorf("%d rows for %d backends:\n%s", rows, len(keychain.Backends()), out.String())
			}
			if marked := strings.Contains(out.String(), "* file "); marked != (tc.home == home) || !strings.Contains(printed.String(), tc.want) {
				t.Errorf("it shows %q and says %q, want %q", out.String(), printed, tc.want)
			}
		})
	}
}

func TestReason(t *testing.T) {
	for _, tc := range []struct {
		err  error
		want string
	}{
		{fmt.Errorf("the pass backend is %w: pass is not on PATH", keychain.ErrUnavailable), "pass is not on PATH"},
		{fmt.Errorf("the keyctl backend is %w: no kernel keyring", keychain.ErrUnavailable), "the keyctl backend is not available: no kernel keyring"},
		{errors.New("timed out"), "timed out"},
	} {
		if got := reason("pass", tc.err); got != tc.want {
			t.Errorf("%v: %q, want %q", tc.err, got, tc.want)
		}
	}
}

func TestMigrateRefuses(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	if err := Migrate(s, keychain.BackendFile, "nowhere", MigrateOptions{}); err == nil || !strings.Contains(err.Error(), "nowhere") {
		t.Errorf("to an unknown backend: %v", err)
	}
	s.Config.Paths.Store = filepath.Join(t.TempDir(), "none")
	if err := Migrate(s, keychain.BackendFile, keychain.BackendPass, MigrateOptions{}); !errors.Is(err, keychain.ErrNoStore) || !strings.Contains(err.Error(), "there is nothing to move") {
		t.Errorf("without a keychain: %v", err)
	}
}

func TestUse(t *testing.T) {
	t.Setenv("PATH", "") // no pass
	for environment, overrides := range map[string]bool{"": false, keychain.BackendFile: false, keychain.BackendPass: true} {
		s, _, printed := sessiontest.New(t)
		s.Print.Quiet = false
		getenv := s.Getenv
		s.Getenv = func(name string) string {
			if name == config.EnvBackend {
				return environment
			}
			return getenv(name)
		}
		var err error
		if s.Config, err = config.Load(s.Getenv); err != nil {
			t.Fatal(err)
		}
		if err := Use(s, keychain.BackendFile); err != nil {
			t.Fatal(err)
		}
		said := printed.String()
		if !strings.Contains(said, "keys are now stored in the file backend (") || strings.Contains(said, "$RAGENV_BACKEND is set to pass and overrides this") != overrides || strings.Contains(said, "no longer used") {
			t.Errorf("with %q it says %q", environment, said)
		}
		if c, err := config.Load(getenv); err != nil || c.Backend != keychain.BackendFile {
			t.Errorf("with %q, the config file has %q, %v", environment, c.Backend, err)
		}
	}
	s, _, _ := sessiontest.New(t)
	if err := Use(s, keychain.BackendPass); !errors.Is(err, keychain.ErrUnavailable) || ui.Explain(err).Hint == "" {
		t.Errorf("a backend that cannot be used: %v", err)
	}
}
