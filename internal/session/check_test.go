package session_test

import (
	"maps"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestCheckValue(t *testing.T) {
	for name, test := range map[string]struct {
		name, value string
		forced      bool
		refused     bool
		says        string // in the warning; empty for none
	}{
		"a key":                {secrets.NGCAPIKey, scripttest.NewKey(), false, false, ""},
		"an unusual one":       {secrets.NGCAPIKey, "unusual", false, true, ""},
		"of an index":          {secrets.IndexKey, "unusual", false, true, ""},
		"that one, forced":     {secrets.NGCAPIKey, "unusual", true, false, "does not look like an NGC key"},
		"a placeholder":        {secrets.NGCAPIKey, "<your-key>", false, true, ""},
		"a placeholder forced": {secrets.NGCAPIKey, "<your-key>", true, true, ""},
	} {
		s, _, printed := sessiontest.New(t)
		err := s.CheckValue(test.name, test.value, test.forced)
		if (err != nil) != test.refused {
			t.Errorf("%s: %v", name, err)
		}
		said := printed.String()
		if !strings.Contains(said, test.says) || test.says == "" && said != "" || strings.Contains(said, "hint: ") != (test.says != "") {
			t.Errorf("%s: it says %q", name, said)
		}
		if err == nil {
			continue
		}
		hint := ui.Explain(err).Hint
		if strings.Contains(hint, "--force") != (test.value == "unusual") || strings.Contains(hint, "--generate") != (test.name == secrets.IndexKey) {
			t.Errorf("%s: the hint is %q", name, hint)
		}
	}
}

// Only variables that no one expects to be secrets are asked about.
func TestUnusual(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	s.Config.Aliases = map[string]string{"MY_ALIAS": secrets.NGCAPIKey}
	var items []keychain.Item
	for _, name := range []string{secrets.NGCAPIKey, "MY_TOKEN", "MODEL_DIRECTORY", "MY_ALIAS", "LD_PRELOAD", "no name"} {
		for _, kind := range []keychain.Kind{keychain.KindEnv, keychain.KindPrevious, keychain.KindRegistry} {
			items = append(items, keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: kind, Name: name}})
		}
	}
	if names := s.Unusual(items); !slices.Equal(names, []string{"MODEL_DIRECTORY"}) {
		t.Errorf("%q", names)
	}
}

func TestAliases(t *testing.T) {
	s, _, printed := sessiontest.New(t)
	s.Config.Aliases = map[string]string{"MY_ALIAS": secrets.NGCAPIKey, "OTHER_ALIAS": "MY_TOKEN", "no name": secrets.NGCAPIKey}
	known, _ := secrets.Lookup(secrets.NGCAPIKey)
	want := map[string][]string{secrets.NGCAPIKey: append(slices.Clone(known.Aliases), "MY_ALIAS"), "MY_TOKEN": {"OTHER_ALIAS"}}
	if got := s.Aliases(); !maps.EqualFunc(got, want, slices.Equal) {
		t.Errorf("%q, want %q", got, want)
	}
	if strings.Count(printed.String(), "is no name for a key") != 1 {
		t.Errorf("it says %q", printed)
	}
}

func TestHelmPathsWithoutAHome(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	if paths, err := s.HelmPaths(); err != nil || paths.Plugins == "" {
		t.Errorf("%+v, %v", paths, err)
	}
	s.Config.Paths.Home, s.Getenv = "", func(string) string { return "" }
	if _, err := s.HelmPaths(); err == nil || ui.Explain(err).Hint != config.HomeHint() {
		t.Errorf("%v", err)
	}
}

func TestWarnOfExpiry(t *testing.T) {
	s, _, printed := sessiontest.New(t)
	s.Print.Complete = func(command string) string { return command + " COMPLETED" }
	now := time.Date(2026, 6, 1, 12, 0, 0, 0, time.UTC)
	s.Now = func() time.Time { return now }
	far := keychain.Item{Ref: s.EnvRef("FAR"), Expires: now.AddDate(1, 0, 0)}
	near := keychain.Item{Ref: s.EnvRef("NEAR"), Expires: now.AddDate(0, 0, 1)}
	s.WarnOfExpiry([]keychain.Item{far})
	if printed.Len() > 0 {
		t.Errorf("it says %q", printed)
	}
	s.WarnOfExpiry([]keychain.Item{far, near})
	if want := "ragenv: warning: NEAR expires tomorrow (ragenv rotate NEAR COMPLETED)\n"; printed.String() != want {
		t.Errorf("it says %q, want %q", printed, want)
	}
}

// A misspelled name or profile is answered with the one that is stored.
func TestAbsent(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	set(t, k, keychain.Item{Ref: s.EnvRef(secrets.NGCAPIKey), Secret: secret()})
	set(t, k, keychain.Item{Ref: s.EnvRef("MY_TOKEN"), Secret: secret()})
	for name, test := range map[string]struct {
		profile       string
		names, absent []string
		error, hint   string
	}{
		"no similar name": {"default", []string{"ZZZ", "MY_TOKEN"}, []string{"ZZZ"}, "none", "ragenv set ZZZ"},
		"a similar name":  {"default", []string{"NGC_API_KYE", "MY_TOKEN"}, []string{"NGC_API_KYE"}, "none: did you mean NGC_API_KEY?", "ragenv run --only NGC_API_KEY,MY_TOKEN"},
		"that is there":   {"default", []string{"MY_TOKENS", "MY_TOKEN"}, []string{"MY_TOKENS"}, "none", "ragenv set MY_TOKENS"},
		"of an alias":     {"default", []string{"NVIDIA_API_KYE"}, []string{"NVIDIA_API_KYE"}, "none: did you mean NVIDIA_API_KEY?", "ragenv run --only NVIDIA_API_KEY"},
		"of a profile":    {"defualt", []string{"MY_TOKEN"}, []string{"MY_TOKEN"}, "none in profile defualt: did you mean profile default?", "ragenv profile list"},
	} {
		s.Config.Profile = test.profile
		err := s.Absent("none", test.names, test.absent, "run --only NAME")
		if err.Error() != test.error || ui.Explain(err).Hint != test.hint {
			t.Errorf("%s: %v, hint %q", name, err, ui.Explain(err).Hint)
		}
	}
}
