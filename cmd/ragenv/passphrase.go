package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type passphraseOptions struct{ none bool }

func newPassphraseCommand(p *program) *cli.Command {
	var o passphraseOptions
	return &cli.Command{
		Name:  "passphrase",
		Usage: "set, change or remove the keychain's passphrase",
		Description: `Asks for the current passphrase, unless RAGENV_PASSPHRASE_FILE or RAGENV_PASSPHRASE has it, and twice for the new one.
The keys themselves are not encrypted again. A forgotten passphrase cannot be recovered.

  # Change the passphrase
  ragenv passphrase

  # Remove it: anyone who can read your files can then read your keys
  ragenv passphrase --no-passphrase`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.none, Usage: "remove the passphrase: anyone who can read your files can then read your keys"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runPassphrase(s, o)
		},
	}
}

func runPassphrase(s *session.Session, o passphraseOptions) error {
	defer ui.HideTyping()()
	k, err := s.Opener().Read()
	if err != nil {
		return err
	}
	if k.Backend() != keychain.BackendFile {
		return ui.Errorf("ragenv backend", "the %s backend has no passphrase of ragenv's", k.Backend())
	}
	protected, err := k.Protected()
	if err != nil {
		return err
	}
	if o.none && !protected {
		s.Print.Note("the keychain has no passphrase")
		return nil
	}
	current, err := currentPassphrase(s, k, protected)
	if err != nil {
		return err
	}
	var next []byte
	if !o.none {
		if next, err = nextPassphrase(s); err != nil {
			return err
		}
		if len(next) == 0 && !protected {
			s.Print.Note("the keychain still has no passphrase")
			return nil
		}
	}
	stop := s.Print.Working("Changing the passphrase")
	err = s.ExplainPassphrase(k.ChangePassphrase(current, next))
	stop()
	stillUnlocked := errors.Is(err, keychain.ErrStillUnlocked)
	if err != nil && !stillUnlocked {
		return err
	}
	switch {
	case stillUnlocked && len(next) > 0:
		s.Print.Note("changed the passphrase")
	case len(next) == 0:
		s.Print.Note("removed the passphrase: the keychain is never locked")
	case protected:
		s.Print.Note("changed the passphrase and locked the keychain")
	default:
		s.Print.Note("set a passphrase and locked the keychain")
	}
	if len(next) > 0 && s.PassphraseVariable() != "" {
		s.Print.Warn("$%s still has the old passphrase", s.PassphraseVariable())
	}
	if len(next) > 0 {
		return err
	}
	return nil
}

// currentPassphrase returns the current passphrase, verified.
func currentPassphrase(s *session.Session, k *keychain.Keychain, protected bool) ([]byte, error) {
	if !protected {
		return nil, nil
	}
	secret, err := passphrase.FromEnvironment(s.Getenv)
	if !errors.Is(err, passphrase.ErrNone) {
		return secret, err
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return nil, noTerminalForPassphrase()
	}
	defer terminal.Close()
	var current []byte
	err = session.TryPassphrases(terminal, "Current passphrase: ", func(secret []byte) error {
		current = secret
		return s.Unlock(k, secret)
	})
	if err == nil || errors.Is(err, keychain.ErrUnavailable) {
		return current, nil
	}
	return nil, err
}

func nextPassphrase(s *session.Session) ([]byte, error) {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return nil, noTerminalForPassphrase()
	}
	defer terminal.Close()
	return terminal.NewPassphrase("New passphrase (Enter for none): ")
}

func noTerminalForPassphrase() error {
	return ui.Errorf("run ragenv passphrase in a terminal; to remove the passphrase in a script, with "+passphrase.EnvFile+" set: ragenv passphrase --no-passphrase",
		"%w for a passphrase", ui.ErrNoTerminal)
}
