package setup

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// ResetOptions are the options of a reset.
type ResetOptions struct{ Yes, NoPassphrase bool }

// StartOver sets the file store aside and creates an empty one, after the user agrees. command is the
// command that requests this. It returns the directory of the old file store and the names of its items. On
// an error, the old file store is back in its place.
func StartOver(s *session.Session, o ResetOptions, command string) (aside string, names []string, err error) {
	defer ui.HideTyping()()
	if backend := s.Config.Backend; backend != "" && backend != keychain.BackendFile {
		return "", nil, ui.Errorf("ragenv backend", "keys are kept in the %s backend, which another program manages: it cannot be reset", backend)
	}
	if !keychain.FileStoreExists(s.Config.Paths.Store) {
		return "", nil, fmt.Errorf("%w in %s", keychain.ErrNoStore, s.Config.Paths.Store)
	}
	if !o.Yes {
		if err := confirmReset(s, command); err != nil {
			return "", nil, err
		}
	}
	// Ask before moving anything: if you give up here, nothing has changed.
	open := Opener(s, Options{NoPassphrase: o.NoPassphrase}, nil)
	if !o.NoPassphrase {
		open.AskNew = s.AskNewPassphrase
	}
	secret, _, err := open.NewPassphrase()
	if errors.Is(err, keychain.ErrNoStore) {
		err = ui.Errorf(command+" --yes --no-passphrase", "no passphrase was provided for the new keychain, and there is %w", ui.ErrNoTerminal)
	}
	if err != nil {
		return "", nil, err
	}
	for _, lock := range []func() (func(), error){open.LockMigration, open.LockChanges} {
		unlock, err := lock()
		if errors.Is(err, opener.ErrMigrating) {
			err = ui.Errorf("when it has ended, run: "+command, "%w", err)
		}
		if err != nil {
			return "", nil, err
		}
		defer unlock()
	}
	if s.Config.BackendMoved(s.Getenv) {
		return "", nil, ui.Errorf("ragenv backend", "all keys were moved to the %s backend in the meantime", s.Config.Backend)
	}
	aside, refs, err := open.SetAside(s.Now())
	if err != nil {
		return "", nil, explainReset(s.Config.Paths.Store, err)
	}
	k, err := open.Create(secret)
	if err != nil {
		if back := open.Reinstate(aside); back != nil {
			err = ui.Errorf("ragenv setup", "the old keychain is in %s, and the new one was not created: %w", aside, err)
		}
		return "", nil, err
	}
	for _, ref := range refs {
		names = append(names, resetName(ref))
	}
	s.Print.Note("the old keychain is in %s, unchanged", aside)
	if len(names) > 0 {
		s.Print.Note("it holds %s", strings.Join(names, ", "))
	} else {
		s.Print.Note("nothing is stored in it")
	}
	state := "without a passphrase"
	if protected, err := k.Protected(); err == nil && protected {
		state = "with a passphrase"
	}
	s.Print.Note("created an empty keychain, %s (%s)", state, s.Config.Paths.Store)
	return aside, names, nil
}

// resetName is session.ItemName, but says if the item is a login.
func resetName(ref keychain.Ref) string {
	name := session.ItemName(ref)
	if ref.Kind == keychain.KindRegistry {
		return "the login of " + name
	}
	return name
}

// confirmReset says what will happen and asks for confirmation. It returns an error if the user does not
// agree.
func confirmReset(s *session.Session, command string) error {
	var names []string
	readable := false
	if k, err := s.QuietOpener().Open(keychain.BackendFile); err == nil {
		readable = k.Unlocked()
		refs, _ := k.List("")
		for _, ref := range refs {
			names = append(names, resetName(ref))
		}
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf(command+" --yes", "a reset needs confirmation, and there is %w", ui.ErrNoTerminal)
	}
	defer terminal.Close()
	if readable {
		terminal.Printf("This keychain can be read at the moment. To keep its keys at hand: ragenv backup FILE\n")
	}
	if len(names) > 0 {
		terminal.Printf("In the keychain: %s\n", ui.Printable(strings.Join(names, ", ")))
	}
	yes, err := terminal.Confirm("Set this keychain aside (it is not deleted) and create an empty one?", false)
	if err == nil && !yes {
		err = ui.Errorf("", "nothing was changed")
	}
	return err
}

// explainReset adds a hint to an error from renaming.
func explainReset(dir string, err error) error {
	if errors.Is(err, syscall.EBUSY) {
		return ui.Errorf("mount another directory or volume there, or keep the keys elsewhere: export XDG_DATA_HOME=/another/directory",
			"%s is a mount point, which cannot be renamed: %w", dir, err)
	}
	return err
}
