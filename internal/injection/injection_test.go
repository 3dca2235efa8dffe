package injection

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// A reserved name is not handed over even if it is stored, because another program may have stored it.
func TestReservedNamesAreNotHandedOver(t *testing.T) {
	s, _, stderr := sessiontest.New(t)
	// Bypass the session, which refuses these names.
	k, err := keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: s.Config.Paths.Store})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"NGC_API_KEY", "LD_PRELOAD", "RAGENV_PASSPHRASE", "PATH"} {
		if err := k.Set(keychain.Item{Ref: s.EnvRef(name), Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
			t.Fatal(err)
		}
	}
	result, err := build(s, request{Base: []string{"PATH=/bin", "RAGENV_PASSPHRASE=x"}})
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, entry := range result.Env {
		name, _, _ := strings.Cut(entry, "=")
		names = append(names, name)
	}
	slices.Sort(names)
	if want := []string{"NGC_API_KEY", "NGC_CLI_API_KEY", "NVIDIA_API_KEY", "PATH"}; !slices.Equal(names, want) {
		t.Errorf("the command gets %q, want %q", names, want)
	}
	if inherited(result.Env, "PATH") != "/bin" {
		t.Error("PATH was replaced")
	}
	if got := strings.Count(stderr.String(), "is not passed to the command: "); got != 3 {
		t.Errorf("%d warnings, want 3:\n%s", got, stderr)
	}
}

func TestTooLargeAValue(t *testing.T) {
	s, k, stderr := sessiontest.New(t)
	value := scripttest.NewKey() + strings.Repeat("x", 128<<10)
	if err := k.Set(keychain.Item{Ref: s.EnvRef("LARGE"), Secret: keychain.NewSecret(value)}); err != nil {
		t.Fatal(err)
	}
	_, err := build(s, request{})
	s.Print.Fail(err)
	if !strings.Contains(stderr.String(), `"LARGE" is too large for an environment variable`) || !strings.Contains(stderr.String(), "hint: ") {
		t.Errorf("it says %.200q", stderr)
	}
	if strings.Contains(stderr.String(), value[:70]) {
		t.Error("the message holds the value")
	}
}

func TestExpiryIsOneLine(t *testing.T) {
	s, _, stderr := sessiontest.New(t)
	now := s.Now()
	s.WarnOfExpiry([]keychain.Item{
		{Ref: s.EnvRef("FAR"), Expires: now.Add(expiry.Notice + time.Hour)}, {Ref: s.EnvRef("UNKNOWN")},
		{Ref: s.EnvRef("OLD"), Expires: now.Add(-time.Hour)}, {Ref: s.EnvRef("NEAR"), Expires: now.Add(time.Minute)},
	})
	if line := stderr.String(); strings.Count(line, "\n") != 1 || !strings.Contains(line, "OLD expired on ") || !strings.Contains(line, "NEAR expires to") || strings.Contains(line, "FAR") {
		t.Errorf("%q", line)
	}
}

func TestSources(t *testing.T) {
	aliases := map[string][]string{"NGC_API_KEY": {"NVIDIA_API_KEY", "NGC_CLI_API_KEY"}}
	for only, want := range map[string]string{"A": "A", "NVIDIA_API_KEY": "NVIDIA_API_KEY NGC_API_KEY", "NGC_API_KEY NVIDIA_API_KEY": "NGC_API_KEY NVIDIA_API_KEY"} {
		if got := strings.Join(sources(strings.Fields(only), aliases), " "); got != want {
			t.Errorf("%s: %s, want %s", only, got, want)
		}
	}
	if sources(nil, aliases) != nil {
		t.Error("no limit became one")
	}
}
