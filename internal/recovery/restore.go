package recovery

import (
	"errors"
	"fmt"
	"slices"

	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/setup"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// RestoreOptions are the flags of ragenv restore.
type RestoreOptions struct {
	Forced, NoPassphrase bool
	Reset, Yes           bool   // set the keychain aside first, without asking if Yes is set
	Identity             string // path of an identity file; if empty, a passphrase is used
}

// Restore stores the items of the backup at path, "-" for standard input, or of a keychain in a directory.
// Unless forced, it asks before it replaces another value.
func Restore(s *session.Session, path string, o RestoreOptions) error {
	defer ui.HideTyping()()
	items, err := itemsToRestore(s, path, o.Identity)
	if err != nil {
		return err
	}
	again := "ragenv restore --reset " + shellquote.Word(path)
	if o.Reset {
		_, _, err := setup.StartOver(s, setup.ResetOptions{Yes: o.Yes, NoPassphrase: o.NoPassphrase}, again)
		if err != nil && !errors.Is(err, keychain.ErrNoStore) {
			return err
		}
	}
	open := s.Opener()
	if o.NoPassphrase {
		open = setup.Opener(s, setup.Options{NoPassphrase: true}, nil)
	}
	k, err := open.Write()
	if err != nil {
		return err
	}
	err = restoreAll(s, k, items, path, o.Forced)
	if errors.Is(err, keychain.ErrWrongPassphrase) && k.Backend() == keychain.BackendFile && s.PassphraseVariable() == "" {
		err = ui.Errorf("to keep this keychain, and restore into a new one: "+again, "this keychain: %w", keychain.ErrWrongPassphrase)
	}
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
