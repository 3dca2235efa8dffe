package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newUnlockCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "unlock",
		Usage: "unlock the keychain for a limited time",
		Description: `Until the unlock expires, neither ragenv nor Docker needs the passphrase, in any of your sessions. Use does not extend
it. The unlock is kept in the kernel's memory, never on disk.

Without a terminal, the passphrase comes from RAGENV_PASSPHRASE_FILE or RAGENV_PASSPHRASE.

  # For a working day
  ragenv unlock --for 8h`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "for", Usage: "unlock for `DURATION`, such as 30m or 8h, at most 24h (default: \"unlock\" in the config file, or 15m)"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			if c.IsSet("for") {
				if s.Config.Unlock, err = config.ParseUnlock(c.String("for")); err != nil {
					return ui.Usagef("ragenv unlock --for 8h", "--for: %w", err)
				}
			}
			return runUnlock(s)
		},
	}
}

func runUnlock(s *session.Session) error {
	if backend := s.Config.Backend; backend != "" && backend != keychain.BackendFile {
		return unlockSystem(s)
	}
	k, err := s.Opener().Read()
	if err != nil {
		return err
	}
	if open, err := s.NeverLocked(k); err != nil || open {
		return err
	}
	secret, err := passphrase.FromEnvironment(s.Getenv)
	switch {
	case err == nil:
		err = s.ExplainPassphrase(s.Unlock(k, secret))
	case errors.Is(err, passphrase.ErrNone):
		err = s.AskPassphrase(k)
	}
	if err == nil {
		again, openErr := s.Opener().Read()
		if err = openErr; err == nil && !again.Unlocked() {
			err = keychain.ErrUnavailable
		}
	}
	switch {
	case errors.Is(err, keychain.ErrKeyQuota):
		return ui.Errorf("for the quota and what uses it: cat /proc/key-users; keyctl show @u",
			"the passphrase is right, but the keychain cannot be kept open: %w", keychain.ErrKeyQuota)
	case errors.Is(err, keychain.ErrUnavailable):
		return ui.Errorf(passphrase.FileHint(),
			"the passphrase is right, but this machine has no place to keep the keychain open (no kernel keyring): %w", err)
	}
	if err != nil {
		return err
	}
	s.Print.Note("unlocked until %s", session.UntilPhrase(s.Now(), s.Config.Unlock))
	return nil
}

// unlockSystem lets the system's keychain program ask for its passphrase. Other commands never do: they
// would wait for a prompt that may appear on another screen.
func unlockSystem(s *session.Session) error {
	k, err := s.Opener().Read()
	if err == nil && k.Unlocked() {
		s.Print.Note("the %s backend is not locked", k.Backend())
		return nil
	}
	if err != nil && !errors.Is(err, keychain.ErrLocked) { // some backends report it only on opening
		return err
	}
	asking := s.Opener()
	asking.Interactive = true
	if k, err = asking.Read(); err == nil {
		err = k.UnlockSystem()
	}
	var elsewhere *keychain.LockedElsewhereError
	switch {
	case errors.As(err, &elsewhere): // it has its own hint
		return err
	case errors.Is(err, keychain.ErrTimeout):
		return ui.Errorf("answer the prompt that the "+s.Config.Backend+" backend shows, then run: ragenv unlock", "%w", err)
	case errors.Is(err, keychain.ErrLocked):
		return ui.Errorf("unlock it with its own program, such as Seahorse, KeePassXC or gpg", "%w", err)
	case err != nil:
		return err
	}
	s.Print.Note("unlocked; the %s backend decides for how long", k.Backend())
	return nil
}
