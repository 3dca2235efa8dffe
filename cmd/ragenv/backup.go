package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newBackupCommand(p *program) *cli.Command {
	var forced bool
	return &cli.Command{
		Name:      "backup",
		Usage:     "write all items of all profiles into one encrypted file",
		ArgsUsage: "FILE",
		Description: `Asks for a passphrase twice; in a script, RAGENV_BACKUP_PASSPHRASE_FILE names a file of mode 0600 that has it in its first line.
The passphrase is needed for ragenv restore, and cannot be recovered. The file is an age file: age -d FILE shows it without ragenv.

  ragenv backup keys.age`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "replace a file that is there already"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv backup keys.age", "ragenv backup takes the name of one file")
			}
			return runBackup(s, c.Args().First(), forced)
		},
	}
}

func runBackup(s *session, path string, forced bool) error {
	exists := ui.Errorf("name another file, or run it again with --force", "%s is there already", ui.Printable(path))
	if _, err := os.Lstat(path); err == nil && !forced { // before anything is asked
		return exists
	}
	items, err := settled(s, s.allItems)
	if err != nil {
		return err
	}
	secret, err := s.newBackupPassphrase(path)
	if err != nil {
		return err
	}
	var file bytes.Buffer
	stop := s.print.Working("Encrypting the backup")
	err = backup.Write(&file, items, secret, s.now())
	stop()
	if errors.Is(err, keychain.ErrTooLarge) {
		return ui.Errorf("ragenv list --all, and ragenv rm for what is large and needs no backup", "%w", err)
	}
	if err != nil {
		return err
	}
	stop = s.print.Working("Checking the backup")
	err = backup.Verify(bytes.NewReader(file.Bytes()), items, secret)
	stop()
	if err != nil {
		return fmt.Errorf("nothing was written: %w", err)
	}
	if forced {
		err = atomicfile.Write(path, file.Bytes(), 0o600)
		if err == nil {
			err = os.Chmod(path, 0o600) // a file that was there keeps its mode
		}
	} else if err = atomicfile.Replace(path, nil, file.Bytes(), 0o600); errors.Is(err, atomicfile.ErrChanged) {
		return exists
	}
	if err != nil {
		return err
	}
	if written, err := readfile.Read(path, 0, backup.MaxSize); err != nil || !bytes.Equal(written, file.Bytes()) {
		return ui.Errorf("write it to another disk", "%s is not read back as it was written", ui.Printable(path))
	}
	s.print.Note("%s of all profiles in %s", count(withoutFingerprints(items), "item"), ui.Printable(path))
	return nil
}

// allItems reads every item of every profile; there must be one.
func (s *session) allItems() ([]keychain.Item, error) {
	k, err := s.opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, ui.Errorf("ragenv setup", "nothing is stored that could be backed up")
	}
	if err != nil {
		return nil, err
	}
	k = k.Stored() // what comes from a command is nobody's to keep here
	refs, err := k.ListAll("")
	if err != nil {
		return nil, err
	}
	if len(refs) == 0 {
		return nil, ui.Errorf("ragenv setup", "nothing is stored that could be backed up")
	}
	var items []keychain.Item
	err = s.unlocked(k, func() (err error) {
		items, err = k.GetAll(refs)
		return err
	})
	return items, err
}

// withoutFingerprints counts the items that people know of.
func withoutFingerprints(items []keychain.Item) (n int) {
	for _, item := range items {
		if item.Kind != keychain.KindFingerprint {
			n++
		}
	}
	return n
}

// newBackupPassphrase gets the passphrase that a backup is encrypted with: never an empty one.
func (s *session) newBackupPassphrase(path string) ([]byte, error) {
	secret, err := passphrase.ForBackup(s.getenv)
	if !errors.Is(err, passphrase.ErrNone) {
		return secret, err
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return nil, noTerminalForBackup("backup", path)
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

func noTerminalForBackup(command, path string) error {
	return ui.Errorf(shellquote.Set(passphrase.EnvBackupFile, "FILE")+", a file of mode 0600, and then: ragenv "+command+" "+commandline.QuoteWords([]string{path}),
		"%w for the backup's passphrase", ui.ErrNoTerminal)
}
