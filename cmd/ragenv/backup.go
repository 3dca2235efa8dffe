package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type backupOptions struct {
	forced         bool
	only           []string // names of the active profile; nil means all items of all profiles
	recipientsFile string
	recipients     []backup.Recipient // if empty, a passphrase is used
}

func newBackupCommand(p *program) *cli.Command {
	var o backupOptions
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
			&cli.StringFlag{Name: "recipients-file", Destination: &o.recipientsFile, Usage: "encrypt to the public keys in `FILE`, one per line"},
			&cli.StringFlag{Name: "only", Destination: &only, Usage: "back up only `A,B` of the active profile"},
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "overwrite an existing file"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv backup keys.age", "ragenv backup takes the name of one file")
			}
			if o.only, err = parseOnly(c, only); err != nil {
				return err
			}
			if err := o.readRecipients(recipients.Value()); err != nil {
				return err
			}
			return runBackup(s, c.Args().First(), o)
		},
	}
}

// readRecipients parses the public keys given by flags.
func (o *backupOptions) readRecipients(texts []string) error {
	for _, text := range texts {
		r, err := backup.ParseRecipient(text)
		if err != nil {
			return ui.Usagef("ragenv backup --help", "--recipient: %w", err)
		}
		o.recipients = append(o.recipients, r)
	}
	if o.recipientsFile == "" {
		return nil
	}
	file, err := readfile.Read(o.recipientsFile, 0, atomicfile.MaxSize)
	if err != nil {
		return err
	}
	more, err := backup.ParseRecipients(string(file))
	if err == nil && len(more) == 0 {
		err = errors.New("there is no public key in it")
	}
	if err != nil {
		return ui.Errorf("ragenv backup --help", "%s: %w", ui.Printable(o.recipientsFile), err)
	}
	o.recipients = append(o.recipients, more...)
	return nil
}

func runBackup(s *session.Session, path string, o backupOptions) error {
	forced := o.forced || path == readfile.Standard
	exists := ui.Errorf("name another file, or run it again with --force", "%s is there already", ui.Printable(path))
	if _, err := os.Lstat(path); err == nil && !forced { // before any prompt
		return exists
	}
	items, err := session.Settled(s, func() ([]keychain.Item, error) { return allItems(s) })
	if err != nil {
		return err
	}
	if items, err = onlyItems(s, items, o.only); err != nil {
		return err
	}
	var file bytes.Buffer
	if len(o.recipients) > 0 {
		err = backup.WriteTo(&file, items, o.recipients, s.Now())
	} else {
		err = writeWithPassphrase(s, &file, items, path)
	}
	if errors.Is(err, backup.ErrMixedRecipients) {
		return ui.Errorf("write a backup for each kind of recipient", "%w", err)
	}
	if errors.Is(err, keychain.ErrTooLarge) {
		return ui.Errorf("ragenv list --all, and ragenv rm for what is large and needs no backup", "%w", err)
	}
	if err != nil {
		return err
	}
	what := "of all profiles"
	if o.only != nil {
		what = "of profile " + s.Config.Profile
	}
	if path == readfile.Standard {
		if _, err := s.Stdout.Write(file.Bytes()); err != nil {
			return fmt.Errorf("write the backup: %w", err)
		}
		s.Print.Note("%s %s", ui.Count(session.WithoutFingerprints(items), "item"), what)
		return nil
	}
	if forced {
		err = atomicfile.Write(path, file.Bytes(), 0o600)
		if err == nil {
			err = os.Chmod(path, 0o600) // an existing file keeps its mode when written
		}
	} else if err = atomicfile.Replace(path, nil, file.Bytes(), 0o600); errors.Is(err, atomicfile.ErrChanged) {
		return exists
	}
	if err != nil {
		return err
	}
	if written, err := readfile.Read(path, 0, backup.MaxSize); err != nil || !bytes.Equal(written, file.Bytes()) {
		return ui.Errorf("write it to another disk", "%s does not match what was written", ui.Printable(path))
	}
	s.Print.Note("%s %s in %s", ui.Count(session.WithoutFingerprints(items), "item"), what, ui.Printable(path))
	return nil
}

// writeWithPassphrase writes a backup encrypted with a passphrase and reads it back.
func writeWithPassphrase(s *session.Session, file *bytes.Buffer, items []keychain.Item, path string) error {
	secret, err := newBackupPassphrase(s, path)
	if err != nil {
		return err
	}
	stop := s.Print.Working("Encrypting the backup")
	err = backup.Write(file, items, secret, s.Now())
	stop()
	if err != nil {
		return err
	}
	stop = s.Print.Working("Checking the backup")
	err = backup.Verify(bytes.NewReader(file.Bytes()), items, secret)
	stop()
	if err != nil {
		return fmt.Errorf("nothing was written: %w", err)
	}
	return nil
}

// onlyItems returns the named variables of the active profile, or all items if only is nil.
func onlyItems(s *session.Session, items []keychain.Item, only []string) ([]keychain.Item, error) {
	if only == nil {
		return items, nil
	}
	var found []keychain.Item
	for _, name := range only {
		i := slices.IndexFunc(items, func(item keychain.Item) bool { return item.Ref == s.EnvRef(name) })
		if i < 0 {
			return nil, s.NotStored(s.EnvRef(name), "backup --only NAME keys.age")
		}
		if !slices.ContainsFunc(found, func(item keychain.Item) bool { return item.Ref == items[i].Ref }) {
			found = append(found, items[i])
		}
	}
	return found, nil
}

// allItems reads every item of every profile. It fails if there is none.
func allItems(s *session.Session) ([]keychain.Item, error) {
	k, err := s.Opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, ui.Errorf("ragenv setup", "there is nothing to back up")
	}
	if err != nil {
		return nil, err
	}
	k = k.Stored() // values that come from a command are not backed up
	refs, err := k.ListAll("")
	if err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		return nil, ui.Errorf("ragenv setup", "there is nothing to back up")
	}
	var items []keychain.Item
	err = s.Unlocked(k, func() (err error) {
		items, err = k.GetAll(refs)
		return err
	})
	return items, err
}

// newBackupPassphrase gets the passphrase for encrypting a backup, which is never empty.
func newBackupPassphrase(s *session.Session, path string) ([]byte, error) {
	secret, err := passphrase.ForBackup(s.Getenv)
	if !errors.Is(err, passphrase.ErrNone) {
		return secret, err
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return nil, session.NoTerminalForBackup("backup", path)
	}
	defer terminal.Close()
	for {
		secret, err := terminal.NewPassphrase("Passphrase for the backup: ")
		if err != nil || len(secret) > 0 {
			return secret, err
		}
		terminal.Printf("A backup needs a passphrase.\n")
	}
}
