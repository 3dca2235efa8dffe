package rotation

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// stored returns the secret of an item, empty if there is none.
func stored(t *testing.T, k *keychain.Keychain, ref keychain.Ref) keychain.Secret {
	t.Helper()
	item, err := k.Get(ref)
	if err != nil && !errors.Is(err, keychain.ErrNotFound) {
		t.Fatal(err)
	}
	return item.Secret
}

func TestRotate(t *testing.T) {
	t.Setenv("PATH", "") // no docker or podman to search
	oldKey, newKey := scripttest.NewKey(), scripttest.NewKey()
	const unknown = "the expiry date of the new key is not known"
	for name, tc := range map[string]struct {
		variable, stored, typed string
		had, expires            string // the expiry of the stored key and of the new one
		status                  int    // of the service's answer; 0 for --offline
		product                 string // that the service says the key is for
		forced                  bool
		profile                 string
		want                    string // in the error; empty if the key is replaced
		says                    string
		not                     string
	}{
		"a new key":              {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, says: "replaced NGC_API_KEY; the previous key is kept", not: unknown},
		"of another profile":     {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, profile: "work", says: "replaced NGC_API_KEY in profile work"},
		"white space around it":  {variable: secrets.NGCAPIKey, stored: oldKey, typed: " " + newKey + "\n"},
		"the stored key":         {variable: secrets.NGCAPIKey, stored: oldKey, typed: oldKey, want: "this key is already stored as NGC_API_KEY"},
		"a placeholder":          {variable: secrets.NGCAPIKey, stored: oldKey, typed: "<your-key>", want: "NGC_API_KEY: "},
		"nothing stored":         {variable: secrets.NGCAPIKey, typed: newKey, want: "no key is stored as NGC_API_KEY"},
		"no service reissues it": {variable: secrets.IndexKey, stored: oldKey, typed: newKey, want: "cannot be rotated"},
		"with an expiry":         {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, had: "3d", expires: "90d", not: unknown},
		"another has one":        {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, had: "3d", says: unknown},
		"never expires":          {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, had: "3d", expires: expiry.Never, not: unknown},
		"no such expiry":         {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, expires: "soon", want: "--expires: "},
		"accepted":               {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, status: http.StatusOK, product: "artifact-catalog", says: "the service accepts the new key"},
		"refused":                {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, status: http.StatusUnauthorized, want: "the service refuses the new key"},
		"without rights":         {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, status: http.StatusOK, product: "other", want: "the service refuses the new key"},
		"refused, forced":        {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, status: http.StatusUnauthorized, forced: true, says: "the service refuses the new key"},
		"no answer":              {variable: secrets.NGCAPIKey, stored: oldKey, typed: newKey, status: http.StatusTeapot, says: "could not check the new key with its service"},
		"not of that service":    {variable: "MY_TOKEN", stored: oldKey, typed: newKey, status: http.StatusUnauthorized, not: "the service"},
	} {
		t.Run(name, func(t *testing.T) {
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(`{"type":"PERSONAL","orgName":"example","products":["` + tc.product + `"]}`))
			}))
			defer service.Close()
			s, k, printed := sessiontest.New(t)
			s.Print.Quiet = false
			sessiontest.Setenv(s, map[string]string{tc.variable: tc.typed, services.EnvAPIURL: service.URL})
			now := time.Now()
			s.Now = func() time.Time { return now }
			s.Services = services.New(s.Getenv, s.Print)
			if tc.profile != "" {
				if err := s.Config.SetProfile(tc.profile, config.OriginFlag); err != nil {
					t.Fatal(err)
				}
			}
			expires := func(text string) (at time.Time) {
				if text != "" && text != expiry.Never {
					var err error
					if at, err = expiry.Parse(text, s.Now()); err != nil {
						t.Fatal(err)
					}
				}
				return at
			}
			ref := s.EnvRef(tc.variable)
			if tc.stored != "" {
				if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(tc.stored), Expires: expires(tc.had)}); err != nil {
					t.Fatal(err)
				}
			}
			o := Options{ValueFrom: session.ValueFrom{Command: "rotate", Name: tc.variable, FromEnv: true}, Expires: tc.expires, Forced: tc.forced, Offline: tc.status == 0}
			err := Rotate(s, o)
			current, former := keychain.NewSecret(strings.TrimSpace(tc.typed)), keychain.NewSecret(tc.stored)
			if tc.want != "" {
				current, former = former, keychain.NewSecret("")
			}
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("it returns %v, want %q", err, tc.want)
			}
			if stored(t, k, ref) != current {
				t.Error("the stored key is another")
			}
			if stored(t, k, session.FormerRef(ref)) != former {
				t.Error("the former key is another")
			}
			if tc.want != "" {
				return
			}
			if item, _ := k.Get(ref); !item.Expires.Equal(expires(tc.expires)) {
				t.Errorf("it expires at %s", item.Expires)
			}
			said := printed.String()
			if !strings.Contains(said, tc.says) || tc.not != "" && strings.Contains(said, tc.not) {
				t.Errorf("it says %q, want %q and not %q", said, tc.says, tc.not)
			}
			if !strings.Contains(said, "nothing that was searched has the old key") {
				t.Errorf("it does not say what was searched: %q", said)
			}
		})
	}
}

// A key that a command supplies is not ragenv's to rotate.
func TestSourced(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	ref := s.EnvRef(secrets.NGCAPIKey)
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
		t.Fatal(err)
	}
	if err := s.Config.SetSource(ref, config.Source{Command: []string{"vault"}}); err != nil {
		t.Fatal(err)
	}
	for name, run := range map[string]func() error{
		"rotate":    func() error { return Rotate(s, Options{ValueFrom: session.ValueFrom{Name: ref.Name}}) },
		"--undo":    func() error { return Undo(s, ref.Name) },
		"--confirm": func() error { return Confirm(s, ref.Name) },
		"--restart": func() error { return Restart(s, ref.Name, true) },
	} {
		if err := run(); err == nil || !strings.Contains(err.Error(), "NGC_API_KEY comes from a command (vault)") {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// An undo exchanges the two values, so a second one restores the first state.
func TestRestore(t *testing.T) {
	t.Setenv("PATH", "") // no docker or podman to search
	const none = time.Duration(-1)
	for name, tc := range map[string]struct {
		current bool
		age     time.Duration // of the former value; none for no former value
		want    string        // in the error; empty if the former value is restored
	}{
		"both kept":         {true, 0, ""},
		"a week":            {true, session.FormerKept, ""},
		"a week, more":      {true, session.FormerKept + time.Second, "a week has passed"},
		"no former":         {true, none, "no previous key is kept"},
		"current removed":   {false, 0, ""},
		"nothing is stored": {false, none, "no key is stored as NGC_API_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			s, k, printed := sessiontest.New(t)
			s.Print.Quiet = false
			now := time.Now().Truncate(time.Second)
			s.Now = func() time.Time { return now }
			ref := s.EnvRef(secrets.NGCAPIKey)
			current, former := keychain.NewSecret(scripttest.NewKey()), keychain.NewSecret(scripttest.NewKey())
			if !tc.current {
				current = keychain.NewSecret("")
			} else if err := k.Set(keychain.Item{Ref: ref, Secret: current}); err != nil {
				t.Fatal(err)
			}
			if tc.age == none {
				former = keychain.NewSecret("")
			} else if err := k.Set(keychain.Item{Ref: session.FormerRef(ref), Secret: former, Updated: s.Now().Add(-tc.age)}); err != nil {
				t.Fatal(err)
			}
			err := Undo(s, ref.Name)
			if tc.want == "" {
				current, former = former, current
			}
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("it returns %v, want %q", err, tc.want)
			}
			if stored(t, k, ref) != current || stored(t, k, session.FormerRef(ref)) != former {
				t.Errorf("the keychain has other values")
			}
			for says, want := range map[string]bool{"restored the previous NGC_API_KEY": tc.want == "", "the replaced one is kept": tc.want == "" && tc.current, "old key": tc.want == ""} {
				if strings.Contains(printed.String(), says) != want {
					t.Errorf("it says %q", printed)
				}
			}
		})
	}
}

func TestConfirm(t *testing.T) {
	s, k, printed := sessiontest.New(t)
	s.Print.Quiet = false
	ref := s.EnvRef(secrets.NGCAPIKey)
	for _, r := range []keychain.Ref{ref, session.FormerRef(ref)} {
		if err := k.Set(keychain.Item{Ref: r, Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
			t.Fatal(err)
		}
	}
	for _, says := range []string{"deleted the previous key of NGC_API_KEY", "no previous key is kept for NGC_API_KEY"} { // the second is no error
		printed.Reset()
		if err := Confirm(s, ref.Name); err != nil {
			t.Fatal(err)
		}
		if stored(t, k, ref).Empty() || !stored(t, k, session.FormerRef(ref)).Empty() {
			t.Error("it does not delete the former key alone")
		}
		if !strings.Contains(printed.String(), says) {
			t.Errorf("it says %q, want %q", printed, says)
		}
	}
}
