package setup

import (
	"errors"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// newSession returns a session, its messages, and a function that opens its keychain. env adds variables to
// its environment. Unless created is set, there is no keychain yet.
func newSession(t *testing.T, created bool, env map[string]string) (*session.Session, *strings.Builder, func() *keychain.Keychain) {
	t.Helper()
	s, _, printed := sessiontest.New(t)
	s.Print.Quiet = false
	sessiontest.Setenv(s, env)
	s.Services = services.New(s.Getenv, s.Print)
	if !created {
		for _, path := range []string{s.Config.Paths.Store, s.Config.Paths.ConfigFile} {
			if err := os.RemoveAll(path); err != nil {
				t.Fatal(err)
			}
		}
		var err error
		if s.Config, err = config.Load(s.Getenv); err != nil {
			t.Fatal(err)
		}
	}
	return s, printed, func() *keychain.Keychain {
		t.Helper()
		k, err := s.Opener().Read()
		if err != nil {
			t.Fatal(err)
		}
		return k
	}
}

func TestRun(t *testing.T) {
	key, wrong, credential := scripttest.NewKey(), filepath.Join(t.TempDir(), "wrong"), filepath.Join(t.TempDir(), passphrase.CredentialName)
	for _, path := range []string{wrong, credential} {
		if err := os.WriteFile(path, []byte("wrong\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for name, test := range map[string]struct {
		created bool
		env     map[string]string
		o       Options
		status  int // of NVIDIA's answer
		error   string
		says    string
		stored  bool
	}{
		"no keychain yet":       {false, nil, Options{Yes: true, NoPassphrase: true}, 0, "", "created the keychain, without a passphrase (", false},
		"the flag wins":         {false, map[string]string{passphrase.EnvFile: wrong}, Options{Yes: true, NoPassphrase: true}, 0, "", "created the keychain, without a passphrase (", false},
		"over a value, too":     {false, map[string]string{passphrase.EnvValue: "wrong"}, Options{Yes: true, NoPassphrase: true}, 0, "", "created the keychain, without a passphrase (", false},
		"and a credential":      {false, map[string]string{passphrase.EnvCredentials: filepath.Dir(credential)}, Options{Yes: true, NoPassphrase: true}, 0, "", "created the keychain, without a passphrase (", false},
		"a passphrase":          {false, map[string]string{passphrase.EnvFile: wrong}, Options{Yes: true, WorkFactor: MinWorkFactor}, 0, "", "created the keychain, with a passphrase (", false},
		"nobody to ask":         {false, nil, Options{Yes: true}, 0, "there is no keychain yet, and no passphrase was provided", "", false},
		"there is one":          {true, nil, Options{Yes: true}, 0, "", "the keychain exists already, without a passphrase (", false},
		"a factor too late":     {true, nil, Options{Yes: true, WorkFactor: 20}, 0, "", "--work-factor applies to a new keychain only", false},
		"the backend in use":    {true, nil, Options{Yes: true, Backend: keychain.BackendFile}, 0, "", "exists already", false},
		"another backend":       {true, nil, Options{Yes: true, Backend: keychain.BackendPass}, 0, "keys are kept in the file backend", "", false},
		"no such backend":       {false, nil, Options{Yes: true, NoPassphrase: true, Backend: "none"}, 0, `unknown backend "none"`, "", false},
		"a chosen backend":      {false, nil, Options{Yes: true, NoPassphrase: true, Backend: keychain.BackendFile}, 0, "", "created the keychain", false},
		"from the environment":  {true, map[string]string{secrets.NGCAPIKey: " " + key}, Options{Yes: true, FromEnv: true}, 0, "", "stored NGC_API_KEY", true},
		"two of them":           {true, map[string]string{secrets.NGCAPIKey: key, secrets.CyborgDBAPIKey: "cyborg_" + key}, Options{Yes: true, FromEnv: true}, 0, "", "stored CYBORGDB_API_KEY", true},
		"not without the flag":  {true, map[string]string{secrets.NGCAPIKey: key}, Options{Yes: true}, 0, "", "exists already", false},
		"a key that is none":    {true, map[string]string{secrets.NGCAPIKey: "x"}, Options{Yes: true, FromEnv: true}, 0, "NGC_API_KEY: ", "", false},
		"a key that is refused": {true, map[string]string{secrets.NGCAPIKey: key}, Options{Yes: true, FromEnv: true, Verify: true}, http.StatusUnauthorized, "NGC_API_KEY was refused", "", false},
		"one that is accepted":  {true, map[string]string{secrets.NGCAPIKey: key}, Options{Yes: true, FromEnv: true, Verify: true}, http.StatusOK, "", "stored NGC_API_KEY", true},
	} {
		t.Run(name, func(t *testing.T) {
			service := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(test.status)
				_, _ = w.Write([]byte(`{"type":"PERSONAL","orgName":"example"}`))
			}))
			defer service.Close()
			env := map[string]string{services.EnvAPIURL: service.URL}
			for name, value := range test.env {
				env[name] = value
			}
			s, printed, open := newSession(t, test.created, env)
			err := Run(s, test.o)
			if test.error == "" && err != nil || test.error != "" && (err == nil || !strings.Contains(err.Error(), test.error)) {
				t.Errorf("it returns %v, want %q", err, test.error)
			}
			if !strings.Contains(printed.String(), test.says) || strings.Contains(printed.String(), "--work-factor") != (name == "a factor too late") {
				t.Errorf("it says %q, want %q", printed, test.says)
			}
			if !test.created && test.error != "" {
				if keychain.FileStoreExists(s.Config.Paths.Store) {
					t.Error("it created a keychain")
				}
				return
			}
			k := open()
			item, err := k.Get(s.EnvRef(secrets.NGCAPIKey))
			if test.stored && (err != nil || item.Secret.Reveal() != key) || !test.stored && err == nil {
				t.Errorf("the key: %v, or another", err)
			}
			if test.o.WorkFactor == MinWorkFactor {
				if factor, err := k.WorkFactor(); err != nil || factor != MinWorkFactor {
					t.Errorf("the work factor is %d, %v", factor, err)
				}
			}
		})
	}
}

// In a keychain that is locked, and whose passphrase nobody can type, keys can still be stored; with a wrong
// passphrase they could not be read here.
func TestRunLocked(t *testing.T) {
	wrong := filepath.Join(t.TempDir(), "wrong")
	if err := os.WriteFile(wrong, []byte("wrong\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	for variable, want := range map[string]error{"": nil, passphrase.EnvFile: keychain.ErrWrongPassphrase} {
		s, printed, _ := newSession(t, false, map[string]string{variable: wrong})
		options := keychain.Options{Backend: keychain.BackendFile, Dir: s.Config.Paths.Store}
		if _, err := keychain.CreateFileStore(options, keychain.Protection{Passphrase: []byte("of the keychain"), WorkFactor: 10}); err != nil {
			t.Fatal(err)
		}
		if err := Run(s, Options{Yes: true}); !errors.Is(err, want) {
			t.Errorf("%q: %v, want %v", variable, err, want)
		}
		if said := printed.String(); strings.Contains(said, "the keychain exists already, with a passphrase, locked (") != (want == nil) || strings.Contains(said, "ragenv passphrase") {
			t.Errorf("%q: it says %q", variable, said)
		}
	}
}

func TestStartOver(t *testing.T) {
	s, printed, open := newSession(t, true, nil)
	old := keychain.NewSecret(scripttest.NewKey())
	login := keychain.Ref{Profile: "default", Kind: keychain.KindRegistry, Name: "ghcr.io"}
	for _, ref := range []keychain.Ref{s.EnvRef("MY_TOKEN"), login} {
		if err := open().Set(keychain.Item{Ref: ref, Username: "me", Secret: old}); err != nil {
			t.Fatal(err)
		}
	}
	aside, names, err := StartOver(s, ResetOptions{Yes: true, NoPassphrase: true}, "ragenv reset")
	if err != nil || strings.Join(names, ", ") != "MY_TOKEN, the login of ghcr.io" {
		t.Fatalf("%q, %v", names, err)
	}
	said := printed.String()
	for _, want := range []string{"the old keychain is in " + aside + ", unchanged", "it holds MY_TOKEN, the login of ghcr.io", "created an empty keychain, without a passphrase"} {
		if !strings.Contains(said, want) {
			t.Errorf("it says %q, want %q", said, want)
		}
	}
	if refs, err := open().List(""); err != nil || len(refs) > 0 {
		t.Errorf("the new keychain has %v, %v", refs, err)
	}
	k, err := keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: aside})
	if err != nil {
		t.Fatal(err)
	}
	if item, err := k.Get(s.EnvRef("MY_TOKEN")); err != nil || item.Secret != old {
		t.Errorf("the old keychain: %v, or another secret", err)
	}
	printed.Reset()
	if _, names, err := StartOver(s, ResetOptions{Yes: true, NoPassphrase: true}, "ragenv reset"); err != nil || len(names) > 0 || !strings.Contains(printed.String(), "nothing is stored in it") {
		t.Errorf("an empty one: %q, %v, it says %q", names, err, printed)
	}
	if err := os.RemoveAll(s.Config.Paths.Store); err != nil {
		t.Fatal(err)
	}
	if _, _, err := StartOver(s, ResetOptions{Yes: true}, "ragenv reset"); !errors.Is(err, keychain.ErrNoStore) {
		t.Errorf("without a keychain: %v", err)
	}
	s.Config.Backend = keychain.BackendPass
	if _, _, err := StartOver(s, ResetOptions{Yes: true}, "ragenv reset"); err == nil || !strings.Contains(err.Error(), "it cannot be reset") {
		t.Errorf("another program's: %v", err)
	}
}
