package main

import (
	"bytes"
	"errors"
	"fmt"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newRestoreCommand(p *program) *cli.Command {
	var forced bool
	return &cli.Command{
		Name:      "restore",
		Usage:     "store the items of a backup",
		ArgsUsage: "FILE",
		Description: `Every item goes back into its profile. One that is stored under another value by now is replaced only if you say so when asked,
or with --force; where nobody can be asked it stays, the others are restored, and the exit code is 1. The passphrase is the one
given to ragenv backup; RAGENV_BACKUP_PASSPHRASE_FILE may name a file of mode 0600 that has it.`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "replace other values without asking, also those that cannot be made again"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv restore keys.age", "ragenv restore takes the name of one file")
			}
			return runRestore(s, c.Args().First(), forced)
		},
	}
}

func runRestore(s *session, path string, forced bool) error {
	defer ui.HideTyping()()
	file, err := readfile.Read(path, 0, backup.MaxSize)
	if err != nil {
		return err
	}
	items, err := s.readBackup(path, file)
	if err != nil {
		return err
	}
	k, err := s.opener().Write()
	if err != nil {
		return err
	}
	restored, same := 0, 0
	var failed error
	total := withoutFingerprints(items)
	if names := s.unusual(items); len(names) > 0 && !forced {
		yes, err := s.confirmUnusual(names, path, "ragenv restore --force "+shellquote.Word(path))
		if err != nil {
			return err
		}
		if !yes {
			items = slices.DeleteFunc(items, func(item keychain.Item) bool { return slices.Contains(names, item.Name) })
			failed = ui.Errorf("ragenv restore --force "+shellquote.Word(path), "not every item was restored")
		}
	}
	for _, item := range items {
		if item.Kind == keychain.KindFingerprint {
			err := s.unlocked(k, func() error { return k.AddFingerprints(item) })
			var refused *keychain.RefusedError // the value itself is about to be refused, too
			if err != nil && !errors.As(err, &refused) {
				return err
			}
			continue
		}
		did, err := s.restoreOne(k, item, forced)
		switch {
		case errors.Is(err, ui.ErrInterrupted), errors.Is(err, keychain.ErrLocked), errors.Is(err, keychain.ErrWrongPassphrase):
			return err // the same for all that follow
		case err != nil:
			failed = s.afterwards(failed, err)
		case did == storedNow:
			restored++
		case did == storedSame:
			same++
		}
	}
	s.print.Note("%s restored, %d of %d stored already", count(restored, "item"), same, total)
	return failed
}

// restoreOne stores one item. Another value in its place is replaced only after the user agreed; one that stays is an error.
func (s *session) restoreOne(k *keychain.Keychain, item keychain.Item, forced bool) (storing, error) {
	stored, err := s.storeAndRead(k, item, forced)
	if err != nil || stored.did != storedOther {
		return stored.did, err
	}
	what := backupName(item.Ref)
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return storedOther, ui.Errorf("to replace it: run it again with --force", "%s is stored already, with another value than the backup's", what)
	}
	defer terminal.Close()
	yes, err := terminal.Confirm(fmt.Sprintf("%s is stored with another value than the backup's. Replace it?", what), false)
	if err != nil || !yes {
		return storedOther, err
	}
	stored, err = s.storeAndRead(k, item, true)
	return stored.did, err
}

// backupName is how people are told of an item of any profile.
func backupName(ref keychain.Ref) string {
	name := ui.Printable(ref.Name)
	if ref.Kind == keychain.KindPrevious {
		name += " from before its rotation"
	}
	if ref.Profile != config.DefaultProfile {
		name += " in profile " + ref.Profile
	}
	return name
}

// readBackup decrypts a backup; on a terminal a user may mistype the passphrase.
func (s *session) readBackup(path string, file []byte) ([]keychain.Item, error) {
	read := func(secret []byte) ([]keychain.Item, error) {
		items, err := backup.Read(bytes.NewReader(file), secret)
		if err != nil && !errors.Is(err, keychain.ErrWrongPassphrase) {
			err = fmt.Errorf("%s: %w", ui.Printable(path), err)
		}
		return items, err
	}
	secret, err := passphrase.ForBackup(s.getenv)
	if err == nil {
		items, err := read(secret)
		if errors.Is(err, keychain.ErrWrongPassphrase) {
			err = ui.Errorf("put the right one there, or to be asked: "+shellquote.Unset(passphrase.EnvBackupFile), "$%s: %w", passphrase.EnvBackupFile, err)
		}
		return items, err
	}
	if !errors.Is(err, passphrase.ErrNone) {
		return nil, err
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return nil, noTerminalForBackup("restore", path)
	}
	defer terminal.Close()
	for try := 1; ; try++ {
		secret, err := terminal.ReadSecret("Passphrase of the backup: ")
		if err != nil {
			return nil, err
		}
		items, err := read(secret)
		if !errors.Is(err, keychain.ErrWrongPassphrase) || try == passphraseTries {
			return items, err
		}
		terminal.Printf("That is not the passphrase. Once more.\n")
	}
}
