package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/recovery"
	"github.com/ragenv/ragenv/internal/ui"
)

func newRestoreCommand(p *program) *cli.Command {
	var o recovery.RestoreOptions
	return &cli.Command{
		Name:      "restore",
		Usage:     "restore keys from a backup",
		ArgsUsage: "FILE",
		Description: `Restores every item to its profile. It asks before it replaces a different value, unless --force is given. Without a
terminal, existing values are kept, the other items are restored, and the exit code is 1. The passphrase is the one
given to ragenv backup; RAGENV_BACKUP_PASSPHRASE_FILE can name a file of mode 0600 that has it.

--identity decrypts a backup to a public key (--recipient) with an SSH private key, such as the machine's, or an age
identity file.

FILE can also be - for standard input, or a directory in which ragenv reset kept an old keychain.

  # Restore every key of a backup
  ragenv restore keys.age

  # With the private key that it was encrypted to
  ragenv restore keys.age --identity ~/.ssh/id_ed25519`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "identity", Aliases: []string{"i"}, Destination: &o.Identity, Usage: "decrypt with the SSH or age private key in `FILE`"},
			&cli.BoolFlag{Name: "force", Destination: &o.Forced, Usage: "replace existing values without asking, even if they cannot be regenerated"},
			&cli.BoolFlag{Name: "reset", Destination: &o.Reset, Usage: "restore into a new keychain, and keep the old one as ragenv reset does"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.Yes, Usage: "with --reset, do not ask"},
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.NoPassphrase, Usage: "create a new keychain without a passphrase: anyone who can read your files can read your keys"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv restore keys.age", "ragenv restore takes the name of one file")
			}
			return recovery.Restore(s, c.Args().First(), o)
		},
	}
}
