package profiles

import (
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func ref(profile string, kind keychain.Kind, name string) keychain.Ref {
	return keychain.Ref{Profile: profile, Kind: kind, Name: name}
}

// set stores new secrets and returns them.
func set(t *testing.T, k *keychain.Keychain, refs ...keychain.Ref) map[keychain.Ref]keychain.Secret {
	t.Helper()
	secrets := map[keychain.Ref]keychain.Secret{}
	for _, r := range refs {
		secrets[r] = keychain.NewSecret(scripttest.NewKey())
		if err := k.Set(keychain.Item{Ref: r, Secret: secrets[r]}); err != nil {
			t.Fatal(err)
		}
	}
	return secrets
}

func TestList(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	set(t, k, ref("work", keychain.KindEnv, "A_KEY"), ref("work", keychain.KindRegistry, "ghcr.io"), ref("work", keychain.KindPrevious, "A_KEY"))
	var out strings.Builder
	s.Stdout = &out
	if err := List(s); err != nil {
		t.Fatal(err)
	}
	if got := strings.Join(strings.Fields(out.String()), " "); got != "* default 0 items work 2 items" {
		t.Errorf("it shows %q", got)
	}
}

func TestCopy(t *testing.T) {
	a, b, login := ref("default", keychain.KindEnv, "A_KEY"), ref("default", keychain.KindEnv, "B_KEY"), ref("default", keychain.KindRegistry, "ghcr.io")
	toA, toB, toLogin := ref("work", keychain.KindEnv, "A_KEY"), ref("work", keychain.KindEnv, "B_KEY"), ref("work", keychain.KindRegistry, "ghcr.io")
	for name, forced := range map[string]bool{"existing ones are kept": false, "with force they are replaced": true} {
		t.Run(name, func(t *testing.T) {
			s, k, printed := sessiontest.New(t)
			s.Print.Quiet = false
			from := set(t, k, a, b, login, session.FormerRef(b))
			there := set(t, k, toA)
			if err := Copy(s, "default", "work", forced); err != nil {
				t.Fatal(err)
			}
			want := map[keychain.Ref]keychain.Secret{toA: there[toA], toB: from[b], toLogin: from[login]}
			copied := "note: 2 items copied"
			if forced {
				copied = "note: 3 items copied"
				want[toA], want[session.FormerRef(toA)] = from[a], there[toA]
			}
			refs, err := k.List("work")
			if err != nil || len(refs) != len(want) {
				t.Errorf("the profile has %v, want %d items: %v", refs, len(want), err)
			}
			for r, secret := range want {
				if item, err := k.Get(r); err != nil || item.Secret != secret {
					t.Errorf("%s: %v, or another secret", r, err)
				}
			}
			if warned := strings.Contains(printed.String(), "A_KEY is already in profile work and was kept"); warned == forced || !strings.Contains(printed.String(), copied) || strings.Contains(printed.String(), "from commands") {
				t.Errorf("it says %q", printed)
			}
		})
	}
}

func TestRemove(t *testing.T) {
	for name, tc := range map[string]struct {
		stored []string
		forced bool
		want   string // in the error; empty if the profile is removed
	}{
		"with force":              {[]string{secrets.NGCAPIKey}, true, ""},
		"an irreplaceable key":    {[]string{secrets.IndexKey}, false, secrets.IndexKey + " is already stored"},
		"that one, with force":    {[]string{secrets.IndexKey}, true, ""},
		"a profile without a key": {nil, true, "nothing is stored in profile work: did you mean wrk?"},
	} {
		t.Run(name, func(t *testing.T) {
			s, k, _ := sessiontest.New(t)
			set(t, k, ref("default", keychain.KindEnv, "A_KEY"))
			if tc.stored == nil {
				set(t, k, ref("wrk", keychain.KindEnv, "A_KEY"))
			}
			for _, name := range tc.stored {
				set(t, k, ref("work", keychain.KindEnv, name), ref("work", keychain.KindPrevious, name))
			}
			err := Remove(s, "work", false, tc.forced)
			if tc.want == "" && err != nil || tc.want != "" && (err == nil || !strings.Contains(err.Error(), tc.want)) {
				t.Errorf("it returns %v, want %q", err, tc.want)
			}
			refs, err := k.ListAll("work")
			if removed := len(refs) == 0; err != nil || removed != (tc.want == "" || tc.stored == nil) {
				t.Errorf("the profile has %v: %v", refs, err)
			}
			if refs, err := k.List("default"); err != nil || len(refs) != 1 {
				t.Errorf("the other profile has %v: %v", refs, err)
			}
		})
	}
}

// Only the active profile is worth a warning, and only a key that is in use is irreplaceable.
func TestRemoveOfTheActiveProfile(t *testing.T) {
	for profile, active := range map[string]bool{"work": true, "other": false, "default": false} {
		s, k, printed := sessiontest.New(t)
		s.Print.Quiet = false
		set(t, k, ref(profile, keychain.KindPrevious, secrets.IndexKey))
		sourced := ref(profile, keychain.KindEnv, "FROM_VAULT")
		if err := s.Config.SetSource(sourced, config.Source{Command: []string{"vault"}}); err != nil {
			t.Fatal(err)
		}
		s.Config.Profile = "work"
		if profile == "default" {
			s.Config.Profile = "default"
		}
		if err := Remove(s, profile, true, false); err != nil {
			t.Fatal(err)
		}
		said := printed.String()
		if strings.Contains(said, "it is still the active profile") != active || !strings.Contains(said, "removed profile "+profile+" with 1 item\n") {
			t.Errorf("%s: it says %q", profile, said)
		}
		if !strings.Contains(said, "1 key of profile "+profile+" comes from commands: see ragenv source list") {
			t.Errorf("%s: it says %q", profile, said)
		}
	}
}

func TestUse(t *testing.T) {
	for name, tc := range map[string]struct {
		profile, environment string
		want, not            []string
	}{
		"one with keys":          {"work", "", []string{"the active profile is now work ("}, []string{"has no keys", "overrides"}},
		"one that is empty":      {"other", "", []string{"profile other has no keys", "hint: ragenv set --profile other NGC_API_KEY"}, []string{"overrides"}},
		"one that is misspelled": {"wrok", "", []string{"profile wrok has no keys", "hint: ragenv profile use work"}, nil},
		"the default":            {"default", "", []string{"the active profile is now default ("}, []string{"has no keys", "overrides"}},
		"another is set":         {"work", "other", []string{"$RAGENV_PROFILE is set to other and overrides this", "hint: " + shellquote.Unset(config.EnvProfile)}, nil},
		"the same is set":        {"work", "work", nil, []string{"overrides"}},
	} {
		t.Run(name, func(t *testing.T) {
			s, k, printed := sessiontest.New(t)
			s.Print.Quiet = false
			set(t, k, ref("work", keychain.KindEnv, "A_KEY"))
			getenv := s.Getenv
			s.Getenv = func(name string) string {
				if name == config.EnvProfile {
					return tc.environment
				}
				return getenv(name)
			}
			if err := Use(s, tc.profile); err != nil {
				t.Fatal(err)
			}
			for _, want := range tc.want {
				if !strings.Contains(printed.String(), want) {
					t.Errorf("it says %q, want %q", printed, want)
				}
			}
			for _, not := range tc.not {
				if strings.Contains(printed.String(), not) {
					t.Errorf("it says %q", printed)
				}
			}
			if c, err := config.Load(getenv); err != nil || c.Profile != tc.profile {
				t.Errorf("the profile is %s, %v", c.Profile, err)
			}
		})
	}
}
