package recovery

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"unicode/utf8"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// itemsToRestore reads a backup, or a keychain that reset set aside.
func itemsToRestore(s *session.Session, path, identity string) ([]keychain.Item, error) {
	if path == readfile.Standard {
		file, err := io.ReadAll(io.LimitReader(s.Stdin, backup.MaxSize))
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
	case errors.Is(err, keychain.ErrWrongPassphrase):
		return nil, ui.Errorf("run it again; nothing was changed", "%s: %w", ui.Printable(identityFile), err)
	case errors.As(err, &bad):
		return nil, ui.Errorf("name a private key of SSH without a passphrase, or run it in a terminal", "%s: %w", ui.Printable(identityFile), err)
	case errors.Is(err, backup.ErrOtherRecipients):
		return nil, ui.Errorf("back up again, also to the public key of "+ui.Printable(identityFile)+": ragenv backup --recipient", "%s: %w", ui.Printable(path), err)
	case errors.Is(err, keychain.ErrDamaged):
		return nil, damaged(path, err)
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
	var insecure *keychain.InsecureError
	if errors.As(err, &insecure) && !keychain.FileStoreExists(dir) { // not a directory whose mode is to be changed
		err = keychain.ErrNoStore
	}
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
		unlock := func(secret []byte) error { return s.Unlock(k, secret) }
		if err := withPassphrase(s, path, "Passphrase of the old keychain: ", unlock); err != nil {
			return nil, err
		}
	}
	return k.GetAll(refs)
}

// readBackup decrypts a backup.
func readBackup(s *session.Session, path string, file []byte) (items []keychain.Item, err error) {
	if err := backup.Examine(bytes.NewReader(file)); err != nil { // before a passphrase is asked for
		hint := ui.Explain(err).Hint
		if errors.Is(err, backup.ErrNotBackup) && len(file) > 0 && utf8.Valid(file) { // such as an export
			hint = "ragenv import " + shellquote.Word(path)
		}
		return nil, ui.Errorf(hint, "%s: %w", ui.Printable(path), err)
	}
	err = withPassphrase(s, path, "Passphrase of the backup: ", func(secret []byte) (err error) {
		stop := s.Print.Working("Reading the backup")
		items, err = backup.Read(bytes.NewReader(file), secret)
		stop()
		if errors.Is(err, keychain.ErrDamaged) {
			return damaged(path, err)
		}
		if err != nil && !errors.Is(err, keychain.ErrWrongPassphrase) {
			err = fmt.Errorf("%s: %w", ui.Printable(path), err)
		}
		return err
	})
	return items, err
}

// damaged returns the error for a backup that is cut short or was changed.
func damaged(path string, err error) error {
	return ui.Errorf("copy the file again from where it was written", "%s: %w", ui.Printable(path), err)
}
