package session_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/keyinput"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func secret() keychain.Secret { return keychain.NewSecret(scripttest.NewKey()) }

func set(t *testing.T, k *keychain.Keychain, item keychain.Item) keychain.Item {
	t.Helper()
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
	stored, err := k.Get(item.Ref)
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// has checks the secret of a reference; empty means that nothing is stored.
func has(t *testing.T, k *keychain.Keychain, ref keychain.Ref, want keychain.Secret) {
	t.Helper()
	got, err := k.Get(ref)
	if want.Empty() && !errors.Is(err, keychain.ErrNotFound) || !want.Empty() && (err != nil || got.Secret != want) {
		t.Errorf("%s: %v, or another value", ref, err)
	}
}

func TestStoreAndRead(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	one, two := secret(), secret()
	variable := s.EnvRef("NGC_API_KEY")
	login := keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: "ghcr.io"}
	for _, step := range []struct {
		ref     keychain.Ref
		user    string
		secret  keychain.Secret
		replace bool
		did     session.Storing
		former  keychain.Secret
	}{
		{variable, "", one, false, session.StoredNow, keychain.Secret{}},
		{variable, "", one, false, session.StoredSame, keychain.Secret{}},
		{variable, "", one, true, session.StoredSame, keychain.Secret{}},
		{variable, "", two, false, session.StoredOther, keychain.Secret{}},
		{variable, "", two, true, session.StoredNow, one},
		{login, "me", one, false, session.StoredNow, keychain.Secret{}},
		{login, "you", one, false, session.StoredOther, keychain.Secret{}},
		{login, "you", one, true, session.StoredNow, keychain.Secret{}},
		{login, "you", two, true, session.StoredNow, keychain.Secret{}}, // only a variable's former value is kept
	} {
		stored, err := s.StoreAndRead(k, keychain.Item{Ref: step.ref, Username: step.user, Secret: step.secret}, step.replace)
		if err != nil || stored.Did != step.did || stored.Kept == step.former.Empty() {
			t.Errorf("%+v: did %d, kept %v, %v", step.ref, stored.Did, stored.Kept, err)
		}
		has(t, k, session.FormerRef(step.ref), step.former)
	}
}

func TestKeepReplaced(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	one, two := secret(), secret()
	variable := keychain.Item{Ref: s.EnvRef("NGC_API_KEY"), Secret: one}
	login := keychain.Item{Ref: keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: "ghcr.io"}, Username: "me", Secret: one}
	keep := func(item keychain.Item, want keychain.Secret) {
		t.Helper()
		if err := s.KeepReplaced(k, item); err != nil {
			t.Error(err)
		}
		has(t, k, session.FormerRef(item.Ref), want)
	}
	keep(variable, keychain.Secret{})
	set(t, k, variable)
	set(t, k, login)
	keep(variable, keychain.Secret{}) // the same value
	variable.Secret, login.Secret = two, two
	keep(login, keychain.Secret{})
	keep(variable, one)
}

func TestForgetOld(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	now := time.Now().Truncate(time.Second)
	s.Now = func() time.Time { return now }
	old, due, variable := session.FormerRef(s.EnvRef("OLD")), session.FormerRef(s.EnvRef("DUE")), s.EnvRef("VARIABLE")
	one := secret()
	for ref, age := range map[keychain.Ref]time.Duration{old: session.FormerKept + time.Second, due: session.FormerKept, variable: 2 * session.FormerKept} {
		set(t, k, keychain.Item{Ref: ref, Secret: one, Updated: now.Add(-age)})
	}
	if session.FormerKept != 168*time.Hour {
		t.Errorf("a former value is kept for %s, which messages call a week", session.FormerKept)
	}
	s.ForgetOld(k, []keychain.Ref{old, due, variable, session.FormerRef(s.EnvRef("GONE"))})
	has(t, k, old, keychain.Secret{})
	has(t, k, due, one)
	has(t, k, variable, one)
}

// A key that no service can reissue is replaced only on purpose.
func TestMayReplace(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	one, two := secret(), secret()
	for _, test := range []struct {
		name          string
		former        keychain.Secret
		taken, forced bool
		value         keychain.Secret
		may           bool
	}{
		{secrets.IndexKey, one, true, false, two, false},
		{secrets.IndexKey, one, true, true, two, true},
		{secrets.IndexKey, one, true, false, one, true},
		{secrets.IndexKey, one, false, false, two, true},
		{secrets.IndexKey, keychain.Secret{}, true, false, keychain.Secret{}, false}, // it could not be read
		{secrets.NGCAPIKey, one, true, false, two, true},
	} {
		place := session.Place{Former: keychain.Item{Secret: test.former}, Taken: test.taken}
		if err := s.MayReplace(place, keychain.Item{Ref: s.EnvRef(test.name), Secret: test.value}, test.forced); (err == nil) != test.may {
			t.Errorf("%s, taken %v, forced %v: %v", test.name, test.taken, test.forced, err)
		}
	}
}

func TestStore(t *testing.T) {
	s, k, stderr := sessiontest.New(t)
	s.Print.Quiet = false
	now := time.Now().UTC().Truncate(time.Second)
	s.Now = func() time.Time { return now }
	ref, one, two := s.EnvRef("CYBORGDB_API_KEY"), secret(), secret()
	const kept, unknown = "the previous value is kept", "expiry date of the new key is not known"
	for _, step := range []struct {
		value   keychain.Secret
		expires time.Duration // 0 for none
		says    string
		not     []string
	}{
		{one, 0, "stored CYBORGDB_API_KEY in the file backend\n", []string{kept, unknown, "expires"}},
		{one, 0, "CYBORGDB_API_KEY already has that value", []string{kept, "now expires"}},
		{one, time.Hour, "CYBORGDB_API_KEY now expires on ", []string{kept, unknown}},
		{one, time.Hour, "already has that value", []string{"now expires"}},
		{one, 2 * time.Hour, "now expires on ", []string{kept}},
		{two, 0, "replaced CYBORGDB_API_KEY in the file backend\n", []string{"now expires"}},
		{one, time.Hour, kept, []string{unknown}},
	} {
		before, _ := k.Get(ref)
		item := keychain.Item{Ref: ref, Secret: step.value}
		if step.expires != 0 {
			item.Expires = now.Add(step.expires)
		}
		stderr.Reset()
		if err := s.Store(item, false); err != nil {
			t.Fatal(err)
		}
		said := stderr.String()
		if !strings.Contains(said, step.says) {
			t.Errorf("it says %q, want %q", said, step.says)
		}
		for _, not := range append(step.not, "could not be read", "nil") {
			if strings.Contains(said, not) {
				t.Errorf("it says %q", said)
			}
		}
		if replaced := !before.Secret.Empty() && before.Secret != step.value; replaced {
			if !strings.Contains(said, kept) || strings.Contains(said, unknown) != (!before.Expires.IsZero() && step.expires == 0) {
				t.Errorf("after a replacement it says %q", said)
			}
			has(t, k, session.FormerRef(ref), before.Secret)
		}
		has(t, k, ref, step.value)
	}

	// A value that stays keeps the time when it was stored, unless that is in the future.
	for _, updated := range []time.Duration{-time.Hour, 0, time.Hour} {
		set(t, k, keychain.Item{Ref: ref, Secret: one, Updated: now.Add(updated)})
		if err := s.Store(keychain.Item{Ref: ref, Secret: one, Expires: now.Add(100*time.Hour + updated)}, false); err != nil {
			t.Fatal(err)
		}
		got, err := k.Get(ref)
		if same := got.Updated.Equal(now.Add(updated)); err != nil || same != (updated <= 0) {
			t.Errorf("stored %s from now: then at %s, %v", updated, got.Updated.Sub(now), err)
		}
	}
}

// Docker gets a later login instead of the stored key.
func TestLoginInstead(t *testing.T) {
	s, k, stderr := sessiontest.New(t)
	login := keychain.Item{Ref: keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: serverurl.NGC}, Username: "me", Secret: secret()}
	if _, ok := s.LoginInstead(k); ok {
		t.Error("there is no login")
	}
	set(t, k, login)
	if _, ok := s.LoginInstead(k); ok {
		t.Error("there is no key")
	}
	now := time.Now().Truncate(time.Second)
	set(t, k, keychain.Item{Ref: s.EnvRef(secrets.NGCAPIKey), Secret: secret(), Updated: now.Add(-time.Hour)})
	if got, ok := s.LoginInstead(k); !ok || got.Username != "me" {
		t.Errorf("the login is %q, %v", got.Username, ok)
	}
	login.Updated = now.Add(24 * time.Hour)
	set(t, k, login)
	for name, warns := range map[string]bool{secrets.NGCAPIKey: true, "CYBORGDB_API_KEY": false} {
		stderr.Reset()
		if err := s.Store(keychain.Item{Ref: s.EnvRef(name), Secret: secret()}, false); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(stderr.String(), "a later docker login as me answers for nvcr.io"); got != warns {
			t.Errorf("%s: it says %q", name, stderr)
		}
	}
}

func TestValueFromStandardInput(t *testing.T) {
	s, _, _ := sessiontest.New(t)
	path := filepath.Join(t.TempDir(), "value")
	for _, test := range []struct {
		text, says string
		value      string
	}{
		{"a key\n", "", "a key"},
		{"", "standard input was empty", ""},
		{strings.Repeat("x", keyinput.Max), "", strings.Repeat("x", keyinput.Max)},
		{strings.Repeat("x", keyinput.Max+1), "longer than 1 MiB", ""},
	} {
		if err := os.WriteFile(path, []byte(test.text), 0o600); err != nil {
			t.Fatal(err)
		}
		stdin, err := os.Open(path)
		if err != nil {
			t.Fatal(err)
		}
		s.Stdin = stdin
		value, err := s.ReadValue(session.ValueFrom{Command: "set", Name: "X"})
		_ = stdin.Close()
		if value != test.value || (err == nil) != (test.says == "") || err != nil && !strings.Contains(err.Error(), test.says) {
			t.Errorf("%d bytes: %d bytes, %v", len(test.text), len(value), err)
		}
	}
	if _, err := s.ReadValue(session.ValueFrom{Name: "UNSET", FromEnv: true}); err == nil {
		t.Error("a variable that is not set has a value")
	}
}

func TestPhrases(t *testing.T) {
	s, _, stderr := sessiontest.New(t)
	s.Print.Quiet = false
	noon := time.Date(2026, 11, 3, 12, 0, 0, 0, time.UTC)
	env, previous := s.EnvRef("A"), session.FormerRef(s.EnvRef("A"))
	work := previous
	work.Profile = "work"
	for got, want := range map[string]string{
		session.UntilPhrase(noon, time.Hour):           "13:00",
		session.UntilPhrase(noon, 12*time.Hour):        "2026-11-04 00:00",
		session.UntilAsked(config.Source{}):            "at once",
		session.UntilAsked(config.Source{Cache: "5m"}): "within 5m (ragenv lock: at once)",
		session.ItemName(env):                          "A",
		session.ItemName(previous):                     "A from before its rotation",
		session.ItemName(work):                         "A from before its rotation in profile work",
		s.Trimmed(secrets.NGCAPIKey, " x "):            "x",
	} {
		if got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	if strings.Count(stderr.String(), "white space") != 1 {
		t.Errorf("it says %q", stderr)
	}
	s.Trimmed(secrets.NGCAPIKey, "x")
	s.Trimmed(secrets.NGCAPIKey, " ")
	if strings.Count(stderr.String(), "white space") != 1 {
		t.Errorf("without white space or a key it says %q", stderr)
	}
	fingerprint := env
	fingerprint.Kind = keychain.KindFingerprint
	if n := session.WithoutFingerprints([]keychain.Item{{Ref: env}, {Ref: fingerprint}, {Ref: previous}}); n != 2 {
		t.Errorf("%d items", n)
	}
	one, two := errors.New("one"), errors.New("two")
	for _, test := range []struct{ earlier, later, want error }{{nil, nil, nil}, {one, nil, one}, {nil, two, two}, {one, two, two}} {
		stderr.Reset()
		if got := s.Afterwards(test.earlier, test.later); got != test.want || (stderr.Len() > 0) != (test.earlier != nil && test.later != nil) {
			t.Errorf("%v, %v: %v, it says %q", test.earlier, test.later, got, stderr)
		}
	}
}

func TestNearestNameIsOfAVariable(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	set(t, k, keychain.Item{Ref: keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindPrevious, Name: "SOME_TOKEN"}, Secret: secret()})
	if got := s.NearestName(s.EnvRef("SOME_TOKEM")); got != "" {
		t.Errorf("%q, which is only a former value", got)
	}
	set(t, k, keychain.Item{Ref: s.EnvRef("SOME_TOKEN"), Secret: secret()})
	if got := s.NearestName(s.EnvRef("SOME_TOKEM")); got != "SOME_TOKEN" {
		t.Errorf("%q", got)
	}
	if err := s.NotStored(s.EnvRef("SOME_TOKEM"), "get NAME"); !strings.Contains(err.Error(), "did you mean SOME_TOKEN?") {
		t.Error(err)
	}
	if err := s.NotStored(s.EnvRef("NVIDIA_API_KEY"), "get NAME"); !strings.Contains(err.Error(), "it follows NGC_API_KEY") {
		t.Error(err)
	}
	if err := s.NotStored(keychain.Ref{Kind: keychain.KindRegistry, Name: "ghcr.io"}, "get NAME"); !strings.Contains(err.Error(), "no login is stored for ghcr.io") {
		t.Error(err)
	}
}
