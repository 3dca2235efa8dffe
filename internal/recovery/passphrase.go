package recovery

import (
	"errors"

	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// newPassphrase gets the passphrase for encrypting a backup, which is never empty.
func newPassphrase(s *session.Session, path string) ([]byte, error) {
	secret, err := passphrase.ForBackup(s.Getenv)
	if !errors.Is(err, passphrase.ErrNone) {
		return secret, err
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return nil, noTerminal("backup", path)
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

// withPassphrase calls read with the passphrase from the environment or the prompt. On a terminal the user
// may retry.
func withPassphrase(s *session.Session, path, prompt string, read func(secret []byte) error) error {
	secret, err := passphrase.ForBackup(s.Getenv)
	if err == nil {
		if err = read(secret); errors.Is(err, keychain.ErrWrongPassphrase) {
			err = session.WrongPassphraseIn(passphrase.EnvBackupFile)
		}
		return err
	}
	if !errors.Is(err, passphrase.ErrNone) {
		return err
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return noTerminal("restore", path)
	}
	defer terminal.Close()
	err = session.TryPassphrases(terminal, prompt, read)
	if errors.Is(err, keychain.ErrWrongPassphrase) {
		err = ui.Errorf("run it again; nothing was changed", "%s: %w", ui.Printable(path), keychain.ErrWrongPassphrase)
	}
	return err
}

// noTerminal returns the error of backup or restore if nobody can be asked for the passphrase of the file at
// path.
func noTerminal(command, path string) error {
	return ui.Errorf("set "+passphrase.EnvBackupFile+" to a file of mode 0600 with the passphrase, then: ragenv "+command+" "+shellquote.Word(path),
		"%w for the backup's passphrase", ui.ErrNoTerminal)
}
