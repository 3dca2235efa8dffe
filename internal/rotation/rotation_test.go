package rotation

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/secrets"
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
	for name, tc := range map[string]struct {
		variable, stored, typed string
		want                    string // in the error; empty if the key is replaced
	}{
		"a new key":              {secrets.NGCAPIKey, oldKey, newKey, ""},
		"white space around it":  {secrets.NGCAPIKey, oldKey, " " + newKey + "\n", ""},
		"the stored key":         {secrets.NGCAPIKey, oldKey, oldKey, "this key is already stored as NGC_API_KEY"},
		"a placeholder":          {secrets.NGCAPIKey, oldKey, "<your-key>", "NGC_API_KEY: "},
		"nothing stored":         {secrets.NGCAPIKey, "", newKey, "no key is stored as NGC_API_KEY"},
		"no service reissues it": {secrets.IndexKey, oldKey, newKey, "cannot be rotated"},
	} {
		t.Run(name, func(t *testing.T) {
			s, k, _ := sessiontest.New(t)
			getenv := s.Getenv
			s.Getenv = func(name string) string {
				if name == tc.variable {
					return tc.typed
				}
				return getenv(name)
			}
			ref := s.EnvRef(tc.variable)
			if tc.stored != "" {
				if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(tc.stored)}); err != nil {
					t.Fatal(err)
				}
			}
			o := Options{ValueFrom: session.ValueFrom{Command: "rotate", Name: tc.variable, FromEnv: true}, Offline: true}
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
		})
	}
}

// An undo exchanges the two values, so a second one restores the first state.
func TestRestore(t *testing.T) {
	const none = time.Duration(-1)
	for name, tc := range map[string]struct {
		current bool
		age     time.Duration // of the former value; none for no former value
		want    string        // in the error; empty if the former value is restored
	}{
		"both kept":         {true, 0, ""},
		"a week, less":      {true, session.FormerKept - time.Minute, ""},
		"a week, more":      {true, session.FormerKept + time.Minute, "a week has passed"},
		"no former":         {true, none, "no previous key is kept"},
		"current removed":   {false, 0, ""},
		"nothing is stored": {false, none, "no key is stored as NGC_API_KEY"},
	} {
		t.Run(name, func(t *testing.T) {
			s, k, _ := sessiontest.New(t)
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
			err := restore(s, k, ref)
			if tc.want == "" {
				current, former = former, current
			}
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("it returns %v, want %q", err, tc.want)
			}
			if stored(t, k, ref) != current || stored(t, k, session.FormerRef(ref)) != former {
				t.Errorf("the keychain has other values")
			}
		})
	}
}

func TestConfirm(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	ref := s.EnvRef(secrets.NGCAPIKey)
	for _, r := range []keychain.Ref{ref, session.FormerRef(ref)} {
		if err := k.Set(keychain.Item{Ref: r, Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
			t.Fatal(err)
		}
	}
	for range 2 { // the second time there is nothing to delete, which is no error
		if err := Confirm(s, ref.Name); err != nil {
			t.Fatal(err)
		}
		if stored(t, k, ref).Empty() || !stored(t, k, session.FormerRef(ref)).Empty() {
			t.Error("it does not delete the former key alone")
		}
	}
}
