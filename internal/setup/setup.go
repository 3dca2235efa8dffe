// Package setup creates a keychain, step by step on a terminal, and proves that it works. It also sets a
// keychain aside for a new one.
package setup

import (
	"errors"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Options are the flags of ragenv setup.
type Options struct {
	Backend                                    string
	NoPassphrase, FromEnv, Verify, Docker, Yes bool
	WorkFactor                                 int
}

// MinWorkFactor is the minimum work factor that setup accepts: 16 MiB. Below that, guessing passphrases is
// cheap.
const MinWorkFactor = 14

// Run runs the setup: step by step on a terminal, or as the flags say without a terminal or with Yes.
func Run(s *session.Session, o Options) error {
	if !o.Yes {
		if terminal, err := ui.OpenTerminal(); err == nil {
			defer terminal.Close()
			return guide(s, terminal, o)
		}
	}
	if err := chooseBackend(s, o.Backend); err != nil {
		return err
	}
	if err := makeKeychain(s, o, nil); err != nil {
		return err
	}
	if o.FromEnv {
		if err := storeFromEnvironment(s, o); err != nil {
			return err
		}
	}
	if o.Docker {
		if err := dockersetup.Configure(s, dockersetup.Options{}); err != nil {
			return err
		}
	}
	return nil
}

// storeFromEnvironment stores the wanted keys that are exported but not stored.
func storeFromEnvironment(s *session.Session, o Options) error {
	for _, known := range secrets.All() {
		value := s.Getenv(known.Name)
		if !known.Wanted || value == "" {
			continue
		}
		value = s.Trimmed(known.Name, value)
		if err := s.CheckValue(known.Name, value, false); err != nil {
			return err
		}
		item := keychain.Item{Ref: s.EnvRef(known.Name), Secret: keychain.NewSecret(value)}
		if o.Verify {
			if err := services.Refused([]services.Verdict{{Name: known.Name, Result: s.Services.AskInterruptibly(item)}}); err != nil {
				return err
			}
		}
		if err := s.Store(item, false); err != nil {
			return err
		}
	}
	return nil
}

// chooseBackend pins the named backend.
func chooseBackend(s *session.Session, name string) error {
	switch {
	case name == "" || name == s.Config.Backend:
		return nil
	case !slices.Contains(keychain.Backends(), name):
		return ui.Usagef("ragenv setup --backend "+keychain.BackendFile, "unknown backend %.40q; available: %s", name, strings.Join(keychain.Backends(), ", "))
	case s.Config.Backend != "":
		return ui.Errorf("ragenv backend", "keys are kept in the %s backend (%s)", s.Config.Backend, s.Config.OriginOf(config.KeyBackend))
	}
	if _, err := s.Opener().Open(name); err != nil && !errors.Is(err, keychain.ErrNoStore) {
		return err
	}
	if err := s.Config.Pin(config.KeyBackend, name); err != nil {
		return err
	}
	s.Opener().WarnIfVolatile(name)
	return nil
}

// makeKeychain opens the keychain for writing and creates it if there is none.
func makeKeychain(s *session.Session, o Options, terminal *ui.Terminal) error {
	defer ui.HideTyping()()
	existed := keychain.FileStoreExists(s.Config.Paths.Store)
	k, err := Opener(s, o, terminal).Write()
	if err != nil {
		return err
	}
	if k.Backend() != keychain.BackendFile {
		s.Print.Note("keys are kept in the %s backend", k.Backend())
		return nil
	}
	protected, err := k.Protected()
	if err != nil {
		return err
	}
	state := "without a passphrase"
	if protected {
		state = "with a passphrase"
	}
	if existed {
		if protected && terminal == nil {
			locked, err := lockedForSetup(s, k)
			if err != nil {
				return err
			}
			if locked {
				state += ", locked"
			}
		}
		s.Print.Note("the keychain exists already, %s (%s)", state, s.Config.Paths.Store)
		if protected && o.NoPassphrase {
			s.Hint("ragenv passphrase --no-passphrase")
		}
		if o.WorkFactor != 0 {
			s.Print.Warn("--work-factor applies to a new keychain only, and was ignored")
		}
		return nil
	}
	s.Print.Note("created the keychain, %s (%s)", state, s.Config.Paths.Store)
	return nil
}

// lockedForSetup reports whether the keychain is locked and nobody can be asked. It returns an error if the
// passphrase from the environment is wrong, because this environment could not read what it stores.
func lockedForSetup(s *session.Session, k *keychain.Keychain) (bool, error) {
	if k.Unlocked() {
		return false, nil
	}
	secret, err := passphrase.FromEnvironment(s.Getenv)
	if errors.Is(err, passphrase.ErrNone) {
		return true, nil
	}
	if err == nil {
		err = s.ExplainPassphrase(s.Unlock(k, secret))
	}
	if errors.Is(err, keychain.ErrUnavailable) { // nothing can keep it unlocked, but the passphrase is right
		err = nil
	}
	return false, err
}

// Opener returns an opener that follows the flags of setup. Without a terminal it does not ask for a new
// passphrase.
func Opener(s *session.Session, o Options, terminal *ui.Terminal) opener.Opener {
	open := s.Opener()
	open.WorkFactor = o.WorkFactor
	switch {
	case o.NoPassphrase:
		open.AskNew = func() ([]byte, error) { return nil, nil }
		open.Getenv = func(name string) string { // the flag takes precedence over a passphrase from the environment
			if slices.Contains(passphrase.Variables, name) {
				return ""
			}
			return s.Getenv(name)
		}
	case terminal == nil:
		open.AskNew = func() ([]byte, error) {
			return nil, ui.Errorf("with the passphrase in FILE, of mode 0600: "+shellquote.Set(passphrase.EnvFile, "FILE")+"; without one: ragenv setup --yes --no-passphrase",
				"there is no keychain yet, and no passphrase was provided")
		}
	}
	return open
}
