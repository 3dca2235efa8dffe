package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/recovery"
	"github.com/ragenv/ragenv/internal/ui"
)

func newBackupCommand(p *program) *cli.Command {
	var o recovery.BackupOptions
	var recipients cli.StringSlice
	var only string
	return &cli.Command{
		Name:      "backup",
		Usage:     "write all keys and logins to an encrypted file",
		ArgsUsage: "FILE",
		Description: `Asks for a passphrase twice. In a script, RAGENV_BACKUP_PASSPHRASE_FILE names a file of mode 0600 with the passphrase in
its first line. ragenv restore needs the passphrase, and it cannot be recovered. The backup is an age file: age -d FILE
decrypts it without ragenv. Use - as FILE for standard output.

--recipient encrypts to age or SSH public keys instead of a passphrase. Any of the private keys can restore the backup.
The public key of a machine is in /etc/ssh/ssh_host_ed25519_key.pub.

  # Write every key of every profile to an encrypted file
  ragenv backup keys.age

  # Encrypt to the public keys of a team
  ragenv backup --recipients-file team.pub keys.age

  # Hand one key to a server, in a form that only it can read
  ragenv backup --only NGC_API_KEY --recipient "$(ssh-keyscan -t ed25519 HOST | cut -d ' ' -f 2-)" - | ssh HOST sudo ragenv restore - --identity /etc/ssh/ssh_host_ed25519_key`,
		Flags: []cli.Flag{
			&cli.StringSliceFlag{Name: "recipient", Destination: &recipients, Usage: "encrypt to the public key `KEY`: age1... or ssh-ed25519 ...; repeatable"},
			&cli.StringFlag{Name: "recipients-file", Destination: &o.RecipientsFile, Usage: "encrypt to the public keys in `FILE`, one per line"},
			&cli.StringFlag{Name: "only", Destination: &only, Usage: "back up only `A,B` of the active profile"},
			&cli.BoolFlag{Name: "force", Destination: &o.Forced, Usage: "overwrite an existing file"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv backup keys.age", "ragenv backup takes the name of one file")
			}
			if o.Only, err = parseOnly(c, only); err != nil {
				return err
			}
			o.Recipients = recipients.Value()
			return recovery.Backup(s, c.Args().First(), o)
		},
	}
}
