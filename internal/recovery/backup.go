// Package recovery writes the keychain to a backup, and restores it from a backup or from a keychain that
// was set aside. Package backup has the file's format.
package recovery

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"slices"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// BackupOptions are the flags of ragenv backup.
type BackupOptions struct {
	Forced         bool
	Only           []string // names of the active profile; nil means all items of all profiles
	Recipients     []string // public keys; if there are none here and in the file, a passphrase is used
	RecipientsFile string   // path of a file of public keys; empty for none
}

// recipients parses the public keys of the options. It returns none if the backup gets a passphrase.
func (o BackupOptions) recipients(path string) (all []backup.Recipient, err error) {
	for _, text := range o.Recipients {
		r, err := backup.ParseRecipient(text)
		if err != nil {
			hint := "ragenv backup --help"
			if _, statErr := os.Stat(text); statErr == nil { // a file with the key in it
				hint = "ragenv backup --recipients-file " + shellquote.Word(text) + " " + shellquote.Word(path)
			}
			return nil, ui.Usagef(hint, "--recipient: %w", err)
		}
		all = append(all, r)
	}
	if o.RecipientsFile == "" {
		return all, nil
	}
	file, err := readfile.Read(o.RecipientsFile, 0, atomicfile.MaxSize)
	if err != nil {
		return nil, err
	}
	more, err := backup.ParseRecipients(string(file))
	if err == nil && len(more) == 0 {
		err = errors.New("there is no public key in it")
	}
	if err != nil {
		return nil, ui.Errorf("ragenv backup --help", "%s: %w", ui.Printable(o.RecipientsFile), err)
	}
	return append(all, more...), nil
}

// Backup writes all items of all profiles, or only those in o.Only, to an encrypted file at path, "-" for
// standard output. Unless forced, it does not replace a file.
func Backup(s *session.Session, path string, o BackupOptions) error {
	recipients, err := o.recipients(path)
	if err != nil {
		return err
	}
	forced := o.Forced || path == readfile.Standard
	exists := ui.Errorf("name another file, or run it again with --force", "%s is there already", ui.Printable(path))
	if _, err := os.Lstat(path); err == nil && !forced { // before any prompt
		return exists
	}
	items, err := session.Settled(s, func() ([]keychain.Item, error) { return allItems(s) })
	if err != nil {
		return err
	}
	if items, err = onlyItems(s, items, o.Only); err != nil {
		return err
	}
	var file bytes.Buffer
	if len(recipients) > 0 {
		err = backup.WriteTo(&file, items, recipients, s.Now())
	} else {
		err = writeWithPassphrase(s, &file, items, path)
	}
	if errors.Is(err, backup.ErrMixedRecipients) {
		return ui.Errorf("write a backup for each kind of recipient", "%w", err)
	}
	if errors.Is(err, keychain.ErrTooLarge) {
		return ui.Errorf("remove what is large and needs no backup; for the names: ragenv list --all", "%w", err)
	}
	if err != nil {
		return err
	}
	what := "of all profiles"
	if o.Only != nil {
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
	secret, err := newPassphrase(s, path)
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
	return s.GetAll(k, refs)
}
