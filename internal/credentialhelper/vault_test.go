package credentialhelper

import (
	"encoding/json"
	"errors"
	"io"
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
	"github.com/ragenv/ragenv/pkg/keychain/agestore"
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

// Get's answer for nvcr.io, with every combination of a key and a login.
func TestFind(t *testing.T) {
	now := time.Unix(1_700_000_000, 0)
	key, login, damaged := keyItem("key", now), loginItem("nvcr.io", "me", "x", now), errors.New("damaged")
	newer := key
	newer.Updated = now.Add(time.Second)
	token := loginItem("nvcr.io", secrets.TokenUser, "x", now.Add(time.Second))
	for name, test := range map[string]struct {
		stored []keychain.Item
		spoilt keychain.Ref // that cannot be read
		want   keychain.Kind
		err    error
	}{
		"nothing":              {nil, keychain.Ref{}, "", keychain.ErrNotFound},
		"a key":                {[]keychain.Item{key}, keychain.Ref{}, keychain.KindEnv, nil},
		"a login":              {[]keychain.Item{login}, keychain.Ref{}, keychain.KindRegistry, nil},
		"both":                 {[]keychain.Item{key, login}, keychain.Ref{}, keychain.KindRegistry, nil},
		"a newer key":          {[]keychain.Item{newer, login}, keychain.Ref{}, keychain.KindEnv, nil},
		"a token":              {[]keychain.Item{token}, keychain.Ref{}, "", keychain.ErrNotFound},
		"a key and a token":    {[]keychain.Item{key, token}, keychain.Ref{}, keychain.KindEnv, nil},
		"a damaged login":      {[]keychain.Item{login}, login.Ref, "", damaged},
		"with a key":           {[]keychain.Item{key, login}, login.Ref, "", damaged},
		"a damaged key":        {[]keychain.Item{key}, key.Ref, "", damaged},
		"damaged, and a login": {[]keychain.Item{key, login}, key.Ref, "", damaged},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			v, err := newHelper(w.getenv, &w.stderr).openWrite()
			if err != nil {
				t.Fatal(err)
			}
			for _, item := range test.stored {
				if err := v.keychain.Set(item); err != nil {
					t.Fatal(err)
				}
			}
			if test.err == damaged {
				w.damage(test.spoilt)
			}
			got, err := v.find("nvcr.io")
			if test.err == damaged {
				test.err = keychain.ErrDamaged
			}
			if !errors.Is(err, test.err) || err == nil && got.Kind != test.want {
				t.Errorf("%v, %v, want %q, %v", got.Ref, err, test.want, test.err)
			}
		})
	}
}

// damage overwrites an item's file.
func (w *world) damage(ref keychain.Ref) {
	w.t.Helper()
	settings, err := config.Load(w.getenv)
	if err != nil {
		w.t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(settings.Paths.Store, "items", "*"+string(ref.Kind)+"*"+ref.Name+".age"))
	if err != nil || len(files) != 1 {
		w.t.Fatalf("%s: %q, %v", ref, files, err)
	}
	if err := os.WriteFile(files[0], []byte("damaged"), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// A damaged item does not hide the others from a list.
func TestListWithDamage(t *testing.T) {
	w := newWorld(t)
	w.store("ghcr.io", "me", "x")
	w.store("quay.io", "you", "x")
	w.damage(loginItem("ghcr.io", "", "", time.Time{}).Ref)
	if users := w.list(); len(users) != 1 || users["quay.io"] != "you" || !strings.Contains(w.stderr.String(), "so it is not listed") {
		t.Errorf("%v, says %q", users, w.stderr.String())
	}
}

// A key that is stored again keeps what is known about it.
func TestSameKeyKeepsItsExpiry(t *testing.T) {
	w := newWorld(t)
	v, err := newHelper(w.getenv, &w.stderr).openWrite()
	if err != nil {
		t.Fatal(err)
	}
	known, _ := secrets.Lookup(secrets.NGCAPIKey)
	key := keyItem("key", time.Time{})
	key.Expires = time.Now().Add(time.Hour).Truncate(time.Second)
	if err := v.keychain.Set(key); err != nil {
		t.Fatal(err)
	}
	for _, value := range []string{"key", "another"} {
		if err := v.setKey(known, "nvcr.io", value); err != nil {
			t.Fatal(err)
		}
		got, err := v.keychain.Get(key.Ref)
		if err != nil || got.Secret.Reveal() != value || got.Expires.IsZero() != (value != "key") {
			t.Errorf("%s: expires %s, %v, or another value", value, got.Expires, err)
		}
	}
}

// A repeated login is not written. Another one is the newest, even if the clock was set back.
func TestSetLogin(t *testing.T) {
	now := time.Now().UTC().Truncate(time.Second)
	const hour = time.Hour
	for name, test := range map[string]struct {
		former       keychain.Item
		user, secret string
		kept         bool // what was stored
	}{
		"the same":                 {loginItem("nvcr.io", "me", "x", now.Add(-hour)), "me", "x", true},
		"another user":             {loginItem("nvcr.io", "me", "x", now.Add(-hour)), "you", "x", false},
		"another secret":           {loginItem("nvcr.io", "me", "x", now.Add(-hour)), "me", "y", false},
		"of a time to come":        {loginItem("nvcr.io", "me", "x", now.Add(48*hour)), "me", "y", false},
		"a key":                    {keyItem("key", now.Add(-hour)), "me", "x", false},
		"a key of an hour to come": {keyItem("key", now.Add(hour)), "me", "x", false},
		"of two days to come":      {keyItem("key", now.Add(48*hour)), "me", "x", false},
		"of years to come":         {keyItem("key", now.Add(30000*hour)), "me", "x", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			w.date(test.former)
			v, err := newHelper(w.getenv, &w.stderr).openWrite()
			if err != nil {
				t.Fatal(err)
			}
			if err := v.setLogin("nvcr.io", test.user, test.secret); err != nil {
				t.Fatal(err)
			}
			got, err := v.find("nvcr.io")
			if err != nil || got.Username != test.user || got.Secret.Reveal() != test.secret || got.Updated.Equal(test.former.Updated) != test.kept {
				t.Errorf("%s of %s, %v, or another secret", got.Ref, got.Updated, err)
			}
			if former, err := v.keychain.Get(test.former.Ref); test.former.Kind == keychain.KindEnv && (err != nil || former.Secret != test.former.Secret) {
				t.Errorf("the key is another, or %v", err)
			}
		})
	}
}

// date stores an item with its date, which the keychain would change if it is to come.
func (w *world) date(item keychain.Item) {
	w.t.Helper()
	settings, err := config.Load(w.getenv)
	if err != nil {
		w.t.Fatal(err)
	}
	store, err := agestore.Open(agestore.Options{Dir: settings.Paths.Store})
	if err != nil {
		w.t.Fatal(err)
	}
	head, err := json.Marshal(map[string]any{"item": item.Key(), "username": item.Username, "updated": item.Updated.Unix()})
	if err != nil {
		w.t.Fatal(err)
	}
	if err := store.Set(item.Key(), append(append(head, '\n'), item.Secret.Reveal()...)); err != nil {
		w.t.Fatal(err)
	}
}

// The warning about an expired item names the command that replaces it.
func TestExpired(t *testing.T) {
	key, login := keyItem("key", time.Time{}), loginItem("ghcr.io", "me", "x", time.Time{})
	for server, test := range map[string]struct {
		item keychain.Item
		hint string
	}{"nvcr.io": {key, "ragenv rotate NGC_API_KEY"}, "ghcr.io": {login, "docker login ghcr.io"}} {
		for _, left := range []time.Duration{-time.Second, time.Hour} {
			w := newWorld(t)
			h := newHelper(w.getenv, &w.stderr)
			v, err := h.openWrite()
			if err != nil {
				t.Fatal(err)
			}
			test.item.Expires = time.Now().Add(left)
			if err := v.keychain.Set(test.item); err != nil {
				t.Fatal(err)
			}
			if _, _, err := h.Get(server); err != nil {
				t.Fatal(err)
			}
			if said := w.stderr.String(); strings.Contains(said, test.hint) != (left < 0) || strings.Contains(said, "expired") != (left < 0) {
				t.Errorf("%s, %s left: it says %q", server, left, said)
			}
		}
	}
}

// What a missing key is called, and the command that stores it.
func TestExplainMissing(t *testing.T) {
	known, _ := secrets.Lookup(secrets.NGCAPIKey)
	other := &config.Config{Profile: "work"}
	for name, test := range map[string]struct {
		v          vault
		text, hint string
	}{
		"no home":            {vault{absent: config.ErrNoHome}, "no key is stored as NGC_API_KEY: " + config.ErrNoHome.Error(), "set HOME, or put the key into NGC_API_KEY"},
		"no keychain":        {vault{config: &config.Config{Profile: config.DefaultProfile}, absent: keychain.ErrNoStore}, "no key is stored as NGC_API_KEY", "ragenv setup"},
		"not in a profile":   {vault{config: other}, `no key is stored as NGC_API_KEY in the profile "work"`, "ragenv set NGC_API_KEY"},
		"not in the default": {vault{config: &config.Config{Profile: config.DefaultProfile}}, "no key is stored as NGC_API_KEY", "ragenv set NGC_API_KEY"},
	} {
		h := newHelper(func(string) string { return "" }, io.Discard)
		if err := h.missing(known, &test.v); err.Error() != test.text || ui.Explain(err).Hint != test.hint {
			t.Errorf("%s: %v, hint %q", name, err, ui.Explain(err).Hint)
		}
	}
}

// Items that open no registry are not read for a list, nor are logins that get would never find.
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
	w.date(loginItem("https://QUAY.io", "me", "x", time.Now())) // Set accepts no other spelling
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
