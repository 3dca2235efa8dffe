package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newLockCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "lock",
		Usage: "lock the keychain",
		Description: `Ends the current unlock in all of your sessions. Cached keys from commands (ragenv source) are removed too.

  # Lock the keychain now
  ragenv lock`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runLock(s)
		},
	}
}

func runLock(s *session.Session) error {
	if err := s.Commands().Forget(); err != nil {
		return err
	}
	k, err := s.Opener().Read()
	if err != nil {
		return err
	}
	if k.Backend() == keychain.SourceOnly {
		s.Print.Note("nothing is stored, so nothing is locked; cached keys from commands were removed")
		return nil
	}
	if open, err := s.NeverLocked(k); err != nil || open {
		return err
	}
	if err := k.Lock(); err != nil {
		return err
	}
	s.Print.Note("locked")
	return nil
}
