package credentialhelper

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func keyItem(value string, updated time.Time) keychain.Item {
	return keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: secrets.NGCAPIKey}, Secret: keychain.NewSecret(value), Updated: updated}
}

func loginItem(registry, user, value string, updated time.Time) keychain.Item {
	return keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.KindRegistry, Name: registry}, Username: user, Secret: keychain.NewSecret(value), Updated: updated}
}

// The newer of a key and another login is answered; within one second, the login. An identity token never
// is.
func TestLaterLoginAnswers(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	for _, tc := range []struct {
		name    string
		login   keychain.Item
		answers bool
	}{
		{"later", loginItem("nvcr.io", "me", "x", now.Add(time.Second)), true},
		{"in the same second", loginItem("nvcr.io", "me", "x", now), true},
		{"earlier", loginItem("nvcr.io", "me", "x", now.Add(-time.Second)), false},
		{"an identity token", loginItem("nvcr.io", secrets.TokenUser, "x", now.Add(time.Second)), false},
	} {
		key := keyItem("key", now)
		if got := LoginAnswers(key, tc.login); got != tc.answers {
			t.Errorf("%s: %t", tc.name, got)
		}
		for _, items := range [][]keychain.Item{{key, tc.login}, {tc.login, key}} {
			if got := byRegistry(items)["nvcr.io"]; got.Kind == keychain.KindRegistry != tc.answers {
				t.Errorf("%s: List answers %v", tc.name, got.Ref)
			}
		}
	}
}

// Items that open no registry are not read for a list.
func TestRefsOfRegistries(t *testing.T) {
	w := newWorld(t)
	h := newHelper(w.getenv, &w.stderr)
	v, err := h.openWrite()
	if err != nil {
		t.Fatal(err)
	}
	other := keyItem("x", time.Time{})
	other.Name = "MY_TOKEN"
	for _, item := range []keychain.Item{keyItem("key", time.Time{}), other, loginItem("ghcr.io", "me", "x", time.Time{})} {
		if err := v.keychain.Set(item); err != nil {
			t.Fatal(err)
		}
	}
	refs, err := v.refs()
	names := []string{}
	for _, ref := range refs {
		names = append(names, ref.Name)
	}
	slices.Sort(names)
	if err != nil || !slices.Equal(names, []string{secrets.NGCAPIKey, "ghcr.io"}) {
		t.Errorf("%q, %v", names, err)
	}
}

// A key replaces another login to its registry, which is removed.
func TestKeyReplacesLogin(t *testing.T) {
	w := newWorld(t)
	key := scripttest.NewKey()
	w.store("nvcr.io", "me", "x")
	w.store("nvcr.io", "$oauthtoken", key)
	v, err := newHelper(w.getenv, &w.stderr).openRead()
	if err != nil {
		t.Fatal(err)
	}
	if has, err := v.keychain.Has(v.loginRef("nvcr.io")); err != nil || has {
		t.Errorf("the login is still there: %t, %v", has, err)
	}
	if c, ok := w.get("nvcr.io"); !ok || c.Username != "$oauthtoken" || c.Secret != key {
		t.Errorf("another answer, of %q", c.Username)
	}
}

// If the store cannot be locked for writing, neither storing nor removing reports success.
func TestStoreThatCannotBeWritten(t *testing.T) {
	w := newWorld(t)
	key := scripttest.NewKey()
	w.store("nvcr.io", "$oauthtoken", key)
	settings, err := config.Load(w.getenv)
	if err != nil {
		t.Fatal(err)
	}
	lock := filepath.Join(settings.Paths.Store, "lock")
	if err := os.Remove(lock); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(lock, 0o700); err != nil {
		t.Fatal(err)
	}
	for verb, input := range map[string]string{"erase": "nvcr.io", "store": `{"ServerURL":"nvcr.io","Username":"$oauthtoken","Secret":"` + scripttest.NewKey() + `"}`} {
		if out, code := w.run(verb, input); code != 1 || !strings.Contains(out, "lock") {
			t.Errorf("%s: exit %d, %s", verb, code, out)
		}
	}
	if c, ok := w.get("nvcr.io"); !ok || c.Secret != key {
		t.Error("another answer")
	}
}

// commands is a source of the key.
type commands struct{}

func (commands) Refs() []keychain.Ref                    { return []keychain.Ref{keyItem("", time.Time{}).Ref} }
func (commands) Get(keychain.Ref) (keychain.Item, error) { return keyItem("x", time.Now()), nil }

// After a logout, the user is told that a command still provides the registry's key.
func TestEraseOfASourcedKey(t *testing.T) {
	opener.RegisterSources(func(*config.Config) keychain.Source { return commands{} }) // as ragenv does
	t.Cleanup(func() { opener.RegisterSources(nil) })
	w := newWorld(t)
	settings, err := config.Load(w.getenv)
	if err != nil {
		t.Fatal(err)
	}
	ref := keyItem("", time.Time{}).Ref
	for server, said := range map[string]bool{"nvcr.io": true, "ghcr.io": false} {
		if err := settings.SetSource(ref, config.Source{Command: []string{"echo", "x"}}); err != nil {
			t.Fatal(err)
		}
		w.stderr.Reset()
		if err := newHelper(w.getenv, &w.stderr).Delete(server); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(w.stderr.String(), "NGC_API_KEY comes from a command, so nvcr.io still gets a login"); got != said {
			t.Errorf("%s: %q", server, w.stderr.String())
		}
	}
}

func TestNotUTF8Hint(t *testing.T) {
	for hint, item := range map[string]keychain.Item{
		"ragenv set NGC_API_KEY": keyItem("\xff", time.Time{}), "docker login ghcr.io": loginItem("ghcr.io", "me", "\xff", time.Time{}),
	} {
		if _, err := asCredential(item); err == nil || ui.Explain(err).Hint != hint || strings.Contains(err.Error(), "\xff") {
			t.Errorf("%v, want the hint %q", err, hint)
		}
	}
}
