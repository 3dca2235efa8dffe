package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type setupOptions struct {
	backend                                    string
	noPassphrase, fromEnv, verify, docker, yes bool
	workFactor                                 int
}

func newSetupCommand(p *program) *cli.Command {
	var o setupOptions
	return &cli.Command{
		Name:  "setup",
		Usage: "create the keychain, store your keys, configure Docker",
		Description: `On a terminal it asks step by step. Press Enter to skip a step, and rerun it at any time: what is done is not asked again.
It ends with a check that Docker and commands receive the keys, and with the command for the first pull.

With --yes, or without a terminal, it asks nothing: it creates the keychain and does what the flags say. The passphrase then comes
from RAGENV_PASSPHRASE_FILE or RAGENV_PASSPHRASE, unless --no-passphrase is given.

A passphrase makes each unlock of the file backend take 256 MiB of memory and about a second, so that each guess costs as much.
Where a container has less memory, --work-factor 15 makes that 32 MiB; each step down halves the cost of an unlock, and of a guess.

  # Ask step by step
  ragenv setup

  # In a script: a keychain without a passphrase, the exported keys, and Docker
  ragenv setup --yes --no-passphrase --from-env --docker

  # In a container with little memory
  RAGENV_PASSPHRASE_FILE=passphrase ragenv setup --yes --work-factor 15`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "backend", Destination: &o.backend, Usage: "keep the keys in `BACKEND`: " + strings.Join(keychain.Backends(), ", ")},
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.noPassphrase, Usage: "no passphrase: anyone who can read your files can read your keys"},
			&cli.IntFlag{Name: "work-factor", Destination: &o.workFactor, Usage: "an unlock takes 2^`N` KiB of memory, from 14 to 20; without this 18, which is 256 MiB"},
			&cli.BoolFlag{Name: "from-env", Destination: &o.fromEnv, Usage: "store the keys that are set in the environment, without asking"},
			&cli.BoolFlag{Name: "verify", Destination: &o.verify, Usage: "check the keys with the services they are for, to which they are sent"},
			&cli.BoolFlag{Name: "docker", Destination: &o.docker, Usage: "configure Docker too, without asking"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.yes, Usage: "ask nothing"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			if c.IsSet("work-factor") && (o.workFactor < minWorkFactor || o.workFactor > keychain.MaxWorkFactor) {
				return ui.Usagef("ragenv setup --work-factor 16", "--work-factor: from %d to %d", minWorkFactor, keychain.MaxWorkFactor)
			}
			return runSetup(s, o)
		},
	}
}

// minWorkFactor is the lowest work factor that setup takes: 16 MiB. Below it, guessing passphrases becomes cheap.
const minWorkFactor = 14

func runSetup(s *session, o setupOptions) error {
	if !o.yes {
		if terminal, err := ui.OpenTerminal(); err == nil {
			defer terminal.Close()
			return s.guide(terminal, o)
		}
	}
	if err := s.chooseBackend(o.backend); err != nil {
		return err
	}
	if err := s.makeKeychain(o, nil); err != nil {
		return err
	}
	if o.fromEnv {
		if err := s.storeFromEnvironment(o); err != nil {
			return err
		}
	}
	if o.docker {
		if err := runDockerConfigure(s, dockerConfigureOptions{}); err != nil {
			return err
		}
	}
	return nil
}

// storeFromEnvironment stores the wanted keys that are exported and not stored.
func (s *session) storeFromEnvironment(o setupOptions) error {
	for _, known := range secrets.All() {
		value := s.getenv(known.Name)
		if !known.Wanted || value == "" {
			continue
		}
		value = s.trimmed(known.Name, value)
		if err := s.checkValue(known.Name, value, false); err != nil {
			return err
		}
		item := keychain.Item{Ref: s.envRef(known.Name), Secret: keychain.NewSecret(value)}
		if o.verify {
			if err := refused([]verdict{{Name: known.Name, Result: s.askInterruptibly(item)}}); err != nil {
				return err
			}
		}
		if err := s.store(item, false); err != nil {
			return err
		}
	}
	return nil
}

// chooseBackend pins the backend that was named.
func (s *session) chooseBackend(name string) error {
	switch {
	case name == "" || name == s.config.Backend:
		return nil
	case !slices.Contains(keychain.Backends(), name):
		return ui.Usagef("ragenv setup --backend "+keychain.BackendFile, "there is no backend %.40q here, only: %s", name, strings.Join(keychain.Backends(), ", "))
	case s.config.Backend != "":
		return ui.Errorf("ragenv backend", "keys are kept in the %s backend (%s)", s.config.Backend, s.config.OriginOf(config.KeyBackend))
	}
	if _, err := s.opener().Open(name); err != nil && !errors.Is(err, keychain.ErrNoStore) {
		return err
	}
	if err := s.config.Pin(config.KeyBackend, name); err != nil {
		return err
	}
	s.opener().WarnIfVolatile(name)
	return nil
}

// makeKeychain opens the keychain for writing, which creates it if there is none.
func (s *session) makeKeychain(o setupOptions, terminal *ui.Terminal) error {
	defer ui.HideTyping()()
	existed := keychain.FileStoreExists(s.config.Paths.Store)
	k, err := s.setupOpener(o, terminal).Write()
	if err != nil {
		return err
	}
	if k.Backend() != keychain.BackendFile {
		s.print.Note("keys are kept in the %s backend", k.Backend())
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
			locked, err := s.lockedForSetup(k)
			if err != nil {
				return err
			}
			if locked {
				state += ", locked"
			}
		}
		s.print.Note("the keychain exists already, %s (%s)", state, s.config.Paths.Store)
		if protected && o.noPassphrase {
			s.hint("ragenv passphrase --no-passphrase")
		}
		if o.workFactor != 0 {
			s.print.Warn("--work-factor applies to a new keychain only, and was ignored")
		}
		return nil
	}
	s.print.Note("created the keychain, %s (%s)", state, s.config.Paths.Store)
	return nil
}

// lockedForSetup reports whether the keychain is locked and nobody can be asked. Error: the environment's passphrase is wrong, so that
// this environment could not read what it stores.
func (s *session) lockedForSetup(k *keychain.Keychain) (bool, error) {
	if k.Unlocked() {
		return false, nil
	}
	secret, err := passphrase.FromEnvironment(s.getenv)
	if errors.Is(err, passphrase.ErrNone) {
		return true, nil
	}
	if err == nil {
		stop := s.print.Working("Unlocking the keychain")
		err = s.explainPassphrase(k.Unlock(secret))
		stop()
	}
	if errors.Is(err, keychain.ErrUnavailable) { // nothing can keep it open, but the passphrase is right
		err = nil
	}
	return false, err
}

func (s *session) setupOpener(o setupOptions, terminal *ui.Terminal) opener.Opener {
	open := s.opener()
	open.WorkFactor = o.workFactor
	switch {
	case o.noPassphrase:
		open.AskNew = func() ([]byte, error) { return nil, nil }
		open.Getenv = func(name string) string { // the flag comes before a passphrase of the environment
			if name == passphrase.EnvFile || name == passphrase.EnvValue || name == passphrase.EnvCredentials {
				return ""
			}
			return s.getenv(name)
		}
	case terminal == nil:
		open.AskNew = func() ([]byte, error) {
			return nil, ui.Errorf("ragenv setup --yes --no-passphrase (or with a passphrase: "+shellquote.Set(passphrase.EnvFile, "FILE")+", a file of mode 0600)",
				"there is no keychain yet, and no passphrase was provided")
		}
	}
	return open
}
