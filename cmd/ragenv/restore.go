package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/setup"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type restoreOptions struct {
	forced, reset, yes, noPassphrase bool
	identity                         string // path of an identity file; if empty, a passphrase is used
}

func newRestoreCommand(p *program) *cli.Command {
	var o restoreOptions
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
			&cli.StringFlag{Name: "identity", Aliases: []string{"i"}, Destination: &o.identity, Usage: "decrypt with the SSH or age private key in `FILE`"},
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "replace existing values without asking, even if they cannot be regenerated"},
			&cli.BoolFlag{Name: "reset", Destination: &o.reset, Usage: "restore into a new keychain, and keep the old one as ragenv reset does"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.yes, Usage: "with --reset, do not ask"},
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.noPassphrase, Usage: "create a new keychain without a passphrase: anyone who can read your files can read your keys"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv restore keys.age", "ragenv restore takes the name of one file")
			}
			return runRestore(s, c.Args().First(), o)
		},
	}
}

func runRestore(s *session.Session, path string, o restoreOptions) error {
	defer ui.HideTyping()()
	items, err := itemsToRestore(s, path, o.identity)
	if err != nil {
		return err
	}
	again := "ragenv restore --reset " + shellquote.Word(path)
	if o.reset {
		_, _, err := setup.StartOver(s, setup.ResetOptions{Yes: o.yes, NoPassphrase: o.noPassphrase}, again)
		if err != nil && !errors.Is(err, keychain.ErrNoStore) {
			return err
		}
	}
	open := s.Opener()
	if o.noPassphrase {
		open = setup.Opener(s, setup.Options{NoPassphrase: true}, nil)
	}
	k, err := open.Write()
	if err != nil {
		return err
	}
	err = restoreAll(s, k, items, path, o.forced)
	if errors.Is(err, keychain.ErrWrongPassphrase) && k.Backend() == keychain.BackendFile && s.PassphraseVariable() == "" {
		err = ui.Errorf(again+" (keeps this keychain, and restores into a new one)", "this keychain: %w", keychain.ErrWrongPassphrase)
	}
	return err
}

// itemsToRestore reads a backup, or a keychain that reset set aside.
func itemsToRestore(s *session.Session, path, identity string) ([]keychain.Item, error) {
	if path == readfile.Standard {
		file, err := io.ReadAll(io.LimitReader(s.Stdin, backup.MaxSize+1))
		if err != nil {
			return nil, fmt.Errorf("read standard input: %w", err)
		}
		return readSealed(s, readfile.Standard, file, identity)
	}
	if info, err := os.Stat(path); err == nil && info.IsDir() {
		return readSetAside(s, path)
	}
	file, err := readfile.Read(path, 0, backup.MaxSize)
	if err != nil {
		return nil, err
	}
	return readSealed(s, path, file, identity)
}

// readSealed decrypts a backup with an identity or its passphrase.
func readSealed(s *session.Session, path string, file []byte, identityFile string) ([]keychain.Item, error) {
	if identityFile == "" {
		items, err := readBackup(s, path, file)
		if errors.Is(err, backup.ErrNeedsIdentity) {
			err = ui.Errorf("ragenv restore "+shellquote.Word(path)+" --identity ~/.ssh/id_ed25519", "%w", err)
		}
		return items, err
	}
	data, err := readfile.Read(identityFile, 0, atomicfile.MaxSize)
	if err != nil {
		return nil, err
	}
	identity, err := backup.ParseIdentity(data, func() ([]byte, error) {
		terminal, err := ui.OpenTerminal()
		if err != nil {
			return nil, fmt.Errorf("it has a passphrase: %w", err)
		}
		defer terminal.Close()
		return terminal.ReadPassphrase("Passphrase of " + ui.Printable(identityFile) + ": ")
	})
	var items []keychain.Item
	if err == nil {
		items, err = backup.ReadWith(bytes.NewReader(file), identity)
	}
	var bad *backup.IdentityError
	switch {
	case errors.Is(err, ui.ErrInterrupted):
		return nil, err
	case errors.As(err, &bad):
		return nil, ui.Errorf("name a private key of SSH without a passphrase, or run it in a terminal", "%s: %w", ui.Printable(identityFile), err)
	case errors.Is(err, backup.ErrOtherRecipients):
		return nil, ui.Errorf("back up again, also to the public key of "+ui.Printable(identityFile)+": ragenv backup --recipient", "%s: %w", ui.Printable(path), err)
	case errors.Is(err, backup.ErrNeedsPassphrase):
		return nil, ui.Errorf("ragenv restore "+shellquote.Word(path), "%s: %w", ui.Printable(path), err)
	case err != nil:
		return nil, fmt.Errorf("%s: %w", ui.Printable(path), err)
	}
	return items, nil
}

// readSetAside reads every item of a keychain that reset set aside.
func readSetAside(s *session.Session, path string) ([]keychain.Item, error) {
	dir, err := filepath.Abs(path)
	if err != nil {
		return nil, err
	}
	open := s.QuietOpener()
	open.Dir = dir
	k, err := open.Open(keychain.BackendFile)
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, ui.Errorf("ls -d "+shellquote.Word(s.Config.Paths.Store)+".*", "%s is neither a backup nor a keychain that was set aside", ui.Printable(path))
	}
	if err != nil {
		return nil, err
	}
	refs, err := k.ListAll("")
	if err != nil {
		return nil, err
	}
	if !k.Unlocked() {
		if err := unlockSetAside(s, k, path); err != nil {
			return nil, err
		}
	}
	return k.GetAll(refs)
}

func unlockSetAside(s *session.Session, k *keychain.Keychain, path string) error {
	unlock := func(secret []byte) ([]keychain.Item, error) {
		defer s.Print.Working("Unlocking the keychain")()
		return nil, k.Unlock(secret)
	}
	_, err := withBackupPassphrase(s, path, "Passphrase of the old keychain: ", unlock)
	return err
}

// restoreAll stores the items. Unless forced, it asks before it replaces another value.
func restoreAll(s *session.Session, k *keychain.Keychain, items []keychain.Item, path string, forced bool) error {
	restored, same := 0, 0
	var failed error
	total := session.WithoutFingerprints(items)
	if names := s.Unusual(items); len(names) > 0 && !forced {
		yes, err := s.ConfirmUnusual(names, path, "ragenv restore --force "+shellquote.Word(path))
		if err != nil {
			return err
		}
		if !yes {
			items = slices.DeleteFunc(items, func(item keychain.Item) bool { return slices.Contains(names, item.Name) })
			failed = ui.Errorf("ragenv restore --force "+shellquote.Word(path), "not every item was restored")
		}
	}
	kept := map[keychain.Ref]bool{} // values replaced in this run, which take precedence over former values in the backup
	for _, item := range items {
		if kept[item.Ref] {
			continue
		}
		if item.Kind == keychain.KindFingerprint {
			err := s.Unlocked(k, func() error { return k.AddFingerprints(item) })
			var refused *keychain.RefusedError // the item itself will be refused, too
			if err != nil && !errors.As(err, &refused) {
				return err
			}
			continue
		}
		stored, err := restoreOne(s, k, item, forced)
		if stored.Kept {
			kept[session.FormerRef(item.Ref)] = true
		}
		switch did := stored.Did; {
		case errors.Is(err, ui.ErrInterrupted), errors.Is(err, keychain.ErrLocked), errors.Is(err, keychain.ErrWrongPassphrase):
			return err // would be the same for the rest
		case err != nil:
			failed = s.Afterwards(failed, err)
		case did == session.StoredNow:
			restored++
		case did == session.StoredSame:
			same++
		}
	}
	s.Print.Note("%s restored, %d of %d stored already", ui.Count(restored, "item"), same, total)
	if len(kept) > 0 {
		s.Print.Note("%s replaced; the previous values are kept for a week", ui.Count(len(kept), "key"))
		s.Hint("ragenv rotate --undo NAME")
	}
	return failed
}

// restoreOne stores one item. It replaces another value only with the user's consent, and fails without.
func restoreOne(s *session.Session, k *keychain.Keychain, item keychain.Item, forced bool) (session.StoredItem, error) {
	stored, err := s.StoreAndRead(k, item, forced)
	if err != nil || stored.Did != session.StoredOther {
		return stored, err
	}
	what := session.ItemName(item.Ref)
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return stored, ui.Errorf("to replace it: run it again with --force", "%s is already stored with a different value", what)
	}
	defer terminal.Close()
	yes, err := terminal.Confirm(fmt.Sprintf("%s is already stored with a different value. Replace it?", what), false)
	if err != nil || !yes {
		return stored, err
	}
	return s.StoreAndRead(k, item, true)
}

// readBackup decrypts a backup.
func readBackup(s *session.Session, path string, file []byte) ([]keychain.Item, error) {
	return withBackupPassphrase(s, path, "Passphrase of the backup: ", func(secret []byte) ([]keychain.Item, error) {
		stop := s.Print.Working("Reading the backup")
		items, err := backup.Read(bytes.NewReader(file), secret)
		stop()
		if err != nil && !errors.Is(err, keychain.ErrWrongPassphrase) {
			err = fmt.Errorf("%s: %w", ui.Printable(path), err)
		}
		return items, err
	})
}

// withBackupPassphrase calls read with the passphrase from the environment or the prompt. On a terminal the
// user may retry.
func withBackupPassphrase(s *session.Session, path, prompt string, read func([]byte) ([]keychain.Item, error)) ([]keychain.Item, error) {
	secret, err := passphrase.ForBackup(s.Getenv)
	if err == nil {
		items, err := read(secret)
		if errors.Is(err, keychain.ErrWrongPassphrase) {
			err = ui.Errorf("correct it there, or to be asked: "+shellquote.Unset(passphrase.EnvBackupFile), "$%s: %w", passphrase.EnvBackupFile, err)
		}
		return items, err
	}
	if !errors.Is(err, passphrase.ErrNone) {
		return nil, err
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return nil, session.NoTerminalForBackup("restore", path)
	}
	defer terminal.Close()
	for try := 1; ; try++ {
		secret, err := terminal.ReadPassphrase(prompt)
		if err != nil {
			return nil, err
		}
		items, err := read(secret)
		if !errors.Is(err, keychain.ErrWrongPassphrase) {
			return items, err
		}
		if try == session.PassphraseTries {
			return nil, ui.Errorf("run it again; nothing was changed", "%s: %w", ui.Printable(path), keychain.ErrWrongPassphrase)
		}
		terminal.Printf("Wrong passphrase, try again.\n")
	}
}
