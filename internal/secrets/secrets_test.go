package secrets_test

import (
	"errors"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestTable(t *testing.T) {
	names, aliases, registries := map[string]bool{}, map[string]string{}, map[string]bool{}
	kinds := []validate.Kind{validate.NGC, validate.CyborgDB, validate.IndexKey, validate.Text}
	for _, s := range secrets.All() {
		if err := secrets.CheckName(s.Name); err != nil || strings.ToUpper(s.Name) != s.Name {
			t.Errorf("%s: not a name for a secret: %v", s.Name, err)
		}
		if names[s.Name] {
			t.Errorf("%s: twice in the table", s.Name)
		}
		names[s.Name] = true
		if s.Title == "" || strings.TrimSpace(s.Title) != s.Title || strings.HasSuffix(s.Title, ".") {
			t.Errorf("%s: title %q", s.Name, s.Title)
		}
		if !slices.Contains(kinds, s.Kind) {
			t.Errorf("%s: kind %q", s.Name, s.Kind)
		}
		if got, ok := secrets.Lookup(s.Name); !ok || got.Name != s.Name || secrets.KindOf(s.Name) != s.Kind {
			t.Errorf("Lookup(%s) = %v, %v", s.Name, got.Name, ok)
		}

		for _, alias := range s.Aliases {
			if err := secrets.CheckName(alias); err != nil {
				t.Errorf("%s: alias: %v", s.Name, err)
			}
			if other := aliases[alias]; other != "" {
				t.Errorf("%s is an alias of both %s and %s", alias, other, s.Name)
			}
			aliases[alias] = s.Name
			if a, ok := secrets.Lookup(alias); ok && (a.Wanted || len(a.Aliases) > 0 || a.Kind != s.Kind) {
				t.Errorf("%s: its alias %s is wanted, has aliases or is of another kind", s.Name, alias)
			}
		}

		if (len(s.Registries) > 0) != (s.Username != "") {
			t.Errorf("%s: registries and user name go together", s.Name)
		}
		if s.ChartHost != "" && s.Username == "" {
			t.Errorf("%s: a chart host without a user name", s.Name)
		}
		for _, server := range s.Registries {
			if canonical, err := serverurl.Canonical(server); err != nil || canonical != server {
				t.Errorf("%s: registry %q is canonically %q, %v", s.Name, server, canonical, err)
			}
			if registries[server] {
				t.Errorf("%s: registry %s has two secrets", s.Name, server)
			}
			registries[server] = true
			if got, ok := secrets.ForRegistry(server); !ok || got.Name != s.Name {
				t.Errorf("ForRegistry(%s) = %s, %v", server, got.Name, ok)
			}
		}

		if s.Docs != "" {
			u, err := url.Parse(s.Docs)
			if err != nil || u.Scheme != "https" || u.Host == "" || u.User != nil || u.RawQuery != "" {
				t.Errorf("%s: docs %q", s.Name, s.Docs)
			}
		}
		if (s.Docs == "") != (s.Steps == "") || strings.Contains(s.Steps, "\n") || strings.HasSuffix(s.Steps, ".") {
			t.Errorf("%s: docs %q, steps %q", s.Name, s.Docs, s.Steps)
		}
		if s.Wanted && s.Docs == "" {
			t.Errorf("%s: wanted, but not said where to get it", s.Name)
		}
		if s.Irreplaceable != (s.Kind == validate.IndexKey) || s.Irreplaceable && s.Docs != "" {
			t.Errorf("%s: irreplaceable %v, docs %q", s.Name, s.Irreplaceable, s.Docs)
		}
	}

	for _, want := range []string{secrets.NGCAPIKey, secrets.CyborgDBAPIKey} {
		if s, ok := secrets.Lookup(want); !ok || !s.Wanted {
			t.Errorf("%s is not wanted", want)
		}
	}
}

func TestLookup(t *testing.T) {
	if s, ok := secrets.Lookup("HF_TOKEN"); ok {
		t.Errorf("Lookup of an unknown name: %v", s)
	}
	if kind := secrets.KindOf("HF_TOKEN"); kind != validate.Text {
		t.Errorf("KindOf an unknown name: %v", kind)
	}
	if s, ok := secrets.ForRegistry("nvcr.io"); !ok || s.Name != secrets.NGCAPIKey || s.Username != "$oauthtoken" {
		t.Errorf("ForRegistry(nvcr.io) = %s, %v", s.Name, ok)
	}
	for _, server := range []string{"", "stg.nvcr.io", "nvcr.io.evil.com", "evilnvcr.io", "nvcr.io:8443", "NVCR.IO", serverurl.Hub} {
		if s, ok := secrets.ForRegistry(server); ok {
			t.Errorf("ForRegistry(%q) = %s", server, s.Name)
		}
	}
	all := secrets.All()
	all[0].Name = "CHANGED"
	if secrets.All()[0].Name == "CHANGED" {
		t.Error("All hands out the table itself")
	}
}

func TestCheckName(t *testing.T) {
	for _, name := range []string{"A", "_", "a", "_a1", "z", "Z", "a0", "A9", "NGC_API_KEY", "HTTPS_PROXY", "DOCKER_AUTH_CONFIG", "AWS_SECRET_ACCESS_KEY", "GITHUB_TOKEN", "LDAP_PASSWORD", "LD_SDK_KEY", "PATHWAY_KEY", "HOME_ASSISTANT_TOKEN"} {
		if !secrets.ValidName(name) {
			t.Errorf("ValidName(%q) = false", name)
		}
		if err := secrets.CheckName(name); name != "_" && err != nil {
			t.Errorf("CheckName(%q) = %v", name, err)
		}
	}
	for _, name := range []string{"", "1A", "A-B", "A B", "A=B", "A.B", "Ä", "A\x00", "A\n", "-A", "A/B", "$A", "@", "[", "`", "{", "A:", "A/", "0", "9A", strings.Repeat("A", 100) + "-"} {
		err := secrets.CheckName(name)
		if secrets.ValidName(name) || !errors.Is(err, secrets.ErrInvalidName) {
			t.Errorf("CheckName(%q) = %v, want ErrInvalidName", name, err)
		} else if strings.ContainsAny(err.Error(), "\n\x00") || len(err.Error()) > 200 {
			t.Errorf("CheckName(%q): unfit to print: %q", name, err)
		}
	}
	for _, name := range []string{
		"RAGENV_PASSPHRASE", "RAGENV_", "ragenv_profile", "PATH", "Path", "path", "LD_PRELOAD", "LD_AUDIT", "LD_PRELOAD_64", "ld_library_path", "DYLD_INSERT_LIBRARIES", "BASH_ENV", "NODE_OPTIONS", "PYTHONPATH",
		"HOME", "DOCKER_HOST", "DOCKER_CONFIG", "XDG_CONFIG_HOME", "GIT_SSH_COMMAND", "_",
	} {
		if err := secrets.CheckName(name); !errors.Is(err, secrets.ErrReservedName) {
			t.Errorf("CheckName(%q) = %v, want ErrReservedName", name, err)
		}
	}
}

func TestLooksLikeKey(t *testing.T) {
	key := scripttest.NewKey()
	for word, want := range map[string]bool{
		key: true, "NGC_API_KEY=" + key: true, "$oauthtoken:" + key: true, `"` + key + `"`: true,
		"": false, "NGC_API_KEY": false, "a=b:c": false, "nvapi-": false, "nvapi-!": false,
	} {
		if got := secrets.LooksLikeKey(word); got != want {
			t.Errorf("LooksLikeKey of %d bytes = %v, want %v", len(word), got, want)
		}
	}
}

// A login is the registry's key by its user, regardless of the secret, or by the secret's shape, regardless
// of the user.
func TestOpensAsKey(t *testing.T) {
	known, ok := secrets.ForRegistry("nvcr.io")
	if !ok {
		t.Fatal("nvcr.io is not known")
	}
	key := scripttest.NewKey()
	for _, test := range []struct {
		doc, user, secret string
		want              bool
	}{
		{"the key's user", "$oauthtoken", key, true},
		{"the key's user with any secret", "$oauthtoken", "password", true},
		{"a key under another user", "oauthtoken", key, true},
		{"another login", "me", "password", false},
		{"a key cut short", "me", "nvapi-short", false},
		{"a key of another service", "me", "cyborg_" + strings.Repeat("0a", 16), false},
		{"nothing", "", "", false},
	} {
		if got := secrets.OpensAsKey(known, test.user, test.secret); got != test.want {
			t.Errorf("%s: %v", test.doc, got)
		}
	}
}
