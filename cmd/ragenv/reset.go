package main

import (
	"errors"
	"fmt"
	"strings"
	"syscall"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type resetOptions struct{ yes, noPassphrase bool }

func newResetCommand(p *program) *cli.Command {
	var o resetOptions
	return &cli.Command{
		Name:  "reset",
		Usage: "start over with an empty keychain, and keep the old one",
		Description: `For a keychain that cannot be read any more, such as one with a forgotten passphrase. Nothing is deleted: its directory is
renamed to one next to it that ends in the date, and what it holds is listed by name. If the passphrase turns up, ragenv restore
DIRECTORY copies the keys back. With a backup, ragenv restore --reset FILE does all of it.

  # Start over after the passphrase was forgotten
  ragenv reset`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.yes, Usage: "do it without asking"},
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.noPassphrase, Usage: "the new keychain has none: anyone who can read your files can read your keys"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runReset(s, o)
		},
	}
}

func runReset(s *session, o resetOptions) error {
	aside, names, err := s.startOver(o, "ragenv reset")
	if err != nil {
		return err
	}
	next := "ragenv setup, or from a backup: ragenv restore FILE"
	if len(names) > 0 {
		next += "; with the old passphrase: ragenv restore " + shellquote.Word(aside)
	}
	s.hint(next)
	return nil
}

// startOver sets the file store aside and creates an empty one, once the user agreed; command is what asks for it. It returns where
// the old one is, and the names of what it holds. On an error the old one is in its place.
func (s *session) startOver(o resetOptions, command string) (aside string, names []string, err error) {
	defer ui.HideTyping()()
	if backend := s.config.Backend; backend != "" && backend != keychain.BackendFile {
		return "", nil, ui.Errorf("ragenv backend", "keys are kept in the %s backend, which another program manages: it cannot be reset", backend)
	}
	if !s.fileStoreExists() {
		return "", nil, fmt.Errorf("%w in %s", keychain.ErrNoStore, s.config.Paths.Store)
	}
	if !o.yes {
		if err := s.confirmReset(command); err != nil {
			return "", nil, err
		}
	}
	// Before anything is moved: anyone who gives up here keeps what was.
	open := s.setupOpener(setupOptions{noPassphrase: o.noPassphrase}, nil)
	if !o.noPassphrase {
		open.AskNew = s.askNewPassphrase
	}
	secret, _, err := open.NewPassphrase()
	if errors.Is(err, keychain.ErrNoStore) {
		err = ui.Errorf(command+" --yes --no-passphrase", "no passphrase was provided for the new keychain, and there is %w", ui.ErrNoTerminal)
	}
	if err != nil {
		return "", nil, err
	}
	aside, refs, err := open.SetAside(s.now())
	if err != nil {
		return "", nil, explainReset(s.config.Paths.Store, err)
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
	s.print.Note("the old keychain is in %s, unchanged", aside)
	if len(names) > 0 {
		s.print.Note("it holds %s", strings.Join(names, ", "))
	} else {
		s.print.Note("nothing is stored in it")
	}
	state := "without a passphrase"
	if protected, err := k.Protected(); err == nil && protected {
		state = "with a passphrase"
	}
	s.print.Note("created an empty keychain, %s (%s)", state, s.config.Paths.Store)
	return aside, names, nil
}

// fileStoreExists reports whether there is a file store, readable or not.
func (s *session) fileStoreExists() bool { return keychain.FileStoreExists(s.config.Paths.Store) }

// resetName is backupName, and says what is no key.
func resetName(ref keychain.Ref) string {
	name := backupName(ref)
	if ref.Kind == keychain.KindRegistry {
		return "the login of " + name
	}
	return name
}

// confirmReset says what will happen, and asks. Error: that nobody agreed.
func (s *session) confirmReset(command string) error {
	var names []string
	readable := false
	if k, err := s.quietOpener().Open(keychain.BackendFile); err == nil {
		readable = k.Unlocked()
		refs, _ := k.List("")
		for _, ref := range refs {
			names = append(names, resetName(ref))
		}
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf(command+" --yes", "a reset needs your consent, and there is %w", ui.ErrNoTerminal)
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

// explainReset gives an error of the renaming its hint.
func explainReset(dir string, err error) error {
	if errors.Is(err, syscall.EBUSY) {
		return ui.Errorf("mount another directory or volume there, or keep the keys elsewhere: export XDG_DATA_HOME=/another/directory",
			"%s is a mount point, which cannot be renamed: %w", dir, err)
	}
	return err
}
