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
		Usage: "start a new keychain, and keep the old one",
		Description: `Use this if the keychain can no longer be read, for example if its passphrase is forgotten. Nothing is deleted: the
keychain's directory is renamed, with the date at its end, and the names of its keys are listed. If you find the
passphrase again, ragenv restore DIRECTORY copies the keys back. If you have a backup, use ragenv restore --reset FILE
instead.

  # Start over after the passphrase was forgotten
  ragenv reset`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.Yes, Usage: "do not ask"},
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.NoPassphrase, Usage: "create it without a passphrase: anyone who can read your files can read your keys"},
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
	next := "from a backup: ragenv restore FILE; "
	if len(names) > 0 {
		next += "if the old one can be read after all: ragenv restore " + shellquote.Word(aside) + "; "
	}
	s.Hint(next + "with new keys: ragenv setup")
	return nil
}
