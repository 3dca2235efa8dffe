package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/setup"
	"github.com/ragenv/ragenv/internal/shellquote"
)

func newResetCommand(p *program) *cli.Command {
	var o setup.ResetOptions
	return &cli.Command{
		Name:  "reset",
		Usage: "start over with an empty keychain, and keep the old one",
		Description: `For a keychain that cannot be read any more, such as one with a forgotten passphrase. Nothing is deleted: its directory is
renamed to one next to it that ends in the date, and what it holds is listed by name. If the passphrase turns up, ragenv restore
DIRECTORY copies the keys back. With a backup, ragenv restore --reset FILE does all of it.

  # Start over after the passphrase was forgotten
  ragenv reset`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.Yes, Usage: "do it without asking"},
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.NoPassphrase, Usage: "the new keychain has none: anyone who can read your files can read your keys"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runReset(s, o)
		},
	}
}

func runReset(s *session.Session, o setup.ResetOptions) error {
	aside, names, err := setup.StartOver(s, o, "ragenv reset")
	if err != nil {
		return err
	}
	next := "ragenv setup, or from a backup: ragenv restore FILE"
	if len(names) > 0 {
		next += "; with the old passphrase: ragenv restore " + shellquote.Word(aside)
	}
	s.Hint(next)
	return nil
}
