package injection

import (
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestValues(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	stored := map[string]string{"NGC_API_KEY": scripttest.NewKey(), "MY_TOKEN": scripttest.NewKey()}
	for name, value := range stored {
		if err := k.Set(keychain.Item{Ref: s.EnvRef(name), Secret: keychain.NewSecret(value)}); err != nil {
			t.Fatal(err)
		}
	}
	follows := map[string]string{"NVIDIA_API_KEY": "NGC_API_KEY", "NGC_CLI_API_KEY": "NGC_API_KEY"}
	for name, tc := range map[string]struct {
		base, only []string
		aliases    bool
		want       string // the names, sorted
		err        string
	}{
		"all":                      {nil, nil, true, "MY_TOKEN NGC_API_KEY NGC_CLI_API_KEY NVIDIA_API_KEY", ""},
		"without aliases":          {nil, nil, false, "MY_TOKEN NGC_API_KEY", ""},
		"an alias is set":          {[]string{"NVIDIA_API_KEY=x"}, nil, true, "MY_TOKEN NGC_API_KEY NGC_CLI_API_KEY", ""},
		"an alias is empty":        {[]string{"NVIDIA_API_KEY="}, nil, true, "MY_TOKEN NGC_API_KEY NGC_CLI_API_KEY NVIDIA_API_KEY", ""},
		"a stored name is set":     {[]string{"MY_TOKEN=x", "PATH=/bin"}, nil, false, "MY_TOKEN NGC_API_KEY", ""},
		"only one":                 {nil, []string{"MY_TOKEN"}, true, "MY_TOKEN", ""},
		"only an alias":            {nil, []string{"NVIDIA_API_KEY"}, false, "NVIDIA_API_KEY", ""},
		"one that is not stored":   {nil, []string{"MY_TOKEN", "OTHER"}, true, "", "OTHER: not stored"},
		"one that the shell knows": {[]string{"OTHER=x"}, []string{"MY_TOKEN", "OTHER"}, true, "MY_TOKEN", ""},
	} {
		t.Run(name, func(t *testing.T) {
			values, err := Values(s, tc.base, tc.only, tc.aliases)
			if tc.err == "" && err != nil || tc.err != "" && (err == nil || !strings.Contains(err.Error(), tc.err)) {
				t.Fatalf("it returns %v, want %q", err, tc.err)
			}
			var names []string
			for _, v := range values {
				names = append(names, v.Name)
				if v.Value != stored[v.Name] && v.Value != stored[follows[v.Name]] {
					t.Errorf("%s has another value", v.Name)
				}
			}
			slices.Sort(names)
			if got := strings.Join(names, " "); got != tc.want {
				t.Errorf("%q, want %q", got, tc.want)
			}
		})
	}
	s.Config.Profile = "empty"
	if _, err := Values(s, nil, nil, true); err == nil || !strings.Contains(err.Error(), "no key is stored in profile empty") {
		t.Errorf("an empty profile: %v", err)
	}
}

// Only a profile that was named by a flag has to be passed on: the rest is inherited.
func TestOverrides(t *testing.T) {
	for origin, want := range map[config.Origin]string{config.OriginFlag: "RAGENV_PROFILE=work", config.EnvProfile: "", config.OriginFile: ""} {
		s, _, _ := sessiontest.New(t)
		if err := s.Config.SetProfile("work", origin); err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(overrides(s), " "); got != want {
			t.Errorf("by %s: %q, want %q", origin, got, want)
		}
	}
}
