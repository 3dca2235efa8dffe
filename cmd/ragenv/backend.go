package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newBackendCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "backend",
		Usage: "show or change where keys are stored",
		Description: `Without a command it shows the backends of this system and which of them can be used now. Storing the first key chooses
a backend and writes it to the config file, so a key does not disappear when another backend becomes available.

  # Show the backends of this system
  ragenv backend

  # Move your keys to the file backend
  ragenv backend migrate secret-service file`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.Args().Present() {
				return commandline.UnknownCommand(c, c.Command.Subcommands, "backend")
			}
			return runBackends(s)
		},
		Subcommands: []*cli.Command{newBackendUseCommand(p), newBackendMigrateCommand(p)},
	}
}

func runBackends(s *session.Session) error {
	current := s.Config.Backend
	var rows [][]string
	for _, name := range keychain.Backends() {
		mark := " "
		if name == current {
			mark = "*"
		}
		state := "usable"
		if err := s.QuietOpener().Probe(name); err != nil {
			state = "not usable: " + reason(name, err)
		} else if s.QuietOpener().Volatile(name) {
			state = "usable, volatile: a reboot empties it"
		} else if name == keychain.BackendFile && !keychain.FileStoreExists(s.Config.Paths.Store) {
			state = "usable, not created yet"
		}
		rows = append(rows, []string{mark + " " + name, state})
	}
	if err := ui.StyleFor(s.Stdout, s.Getenv).Table(s.Stdout, rows); err != nil {
		return err
	}
	switch origin := s.Config.OriginOf(config.KeyBackend); {
	case current == "":
		s.Print.Note("no backend is chosen yet: storing the first key chooses one")
	case origin == config.OriginFile:
		s.Print.Note("%s is in use (%s)", current, s.Config.Paths.ConfigFile)
	default:
		s.Print.Note("%s is in use ($%s)", current, origin)
	}
	return nil
}

// reason returns the text of an error without the words that the line already has.
func reason(backend string, err error) string {
	prefix := fmt.Sprintf("the %s backend is %s: ", backend, keychain.ErrUnavailable)
	return strings.TrimPrefix(err.Error(), prefix)
}

func newBackendUseCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "use",
		Usage:     "switch to another backend",
		ArgsUsage: "BACKEND",
		Description: `Stored keys stay where they are; "ragenv backend migrate" moves them. A backend that cannot be used now is refused.

  # Store new keys in pass
  ragenv backend use pass`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv backend", "ragenv backend use takes the name of one backend")
			}
			return runBackendUse(s, c.Args().First())
		},
	}
}

func runBackendUse(s *session.Session, name string) error {
	former := s.Config.Backend
	if err := s.QuietOpener().Probe(name); err != nil {
		return session.ExplainBackend(name, err)
	}
	if _, err := s.Opener().OpenOrCreate(name); err != nil {
		return session.ExplainBackend(name, err)
	}
	if err := pinBackend(s, name); err != nil {
		return err
	}
	if former == "" || former == name {
		return nil
	}
	k, err := s.QuietOpener().Open(former)
	var refs []keychain.Ref
	if err == nil {
		refs, err = k.List("")
	}
	switch {
	case errors.Is(err, keychain.ErrLocked):
		s.Print.Warn("the %s backend is locked; its items are no longer used", former)
	case err != nil || len(refs) == 0:
		return nil
	default:
		s.Print.Warn("%s in the %s backend %s no longer used", ui.Count(len(refs), "item"), former, ui.IsAre(len(refs)))
	}
	s.Print.Hint("ragenv backend migrate %s %s", former, name)
	return nil
}

// pinBackend writes the backend to the config file and prints a note.
func pinBackend(s *session.Session, name string) error {
	overridden := s.Config.OriginOf(config.KeyBackend)
	if err := s.Config.Pin(config.KeyBackend, name); err != nil {
		return err
	}
	s.Print.Note("keys are now stored in the %s backend (%s)", name, s.Config.Paths.ConfigFile)
	s.Opener().WarnIfVolatile(name)
	if overridden == config.EnvBackend && s.Getenv(config.EnvBackend) != name {
		s.Print.Warn("$%s is set to %s and overrides this", config.EnvBackend, s.Getenv(config.EnvBackend))
		s.Print.Hint("%s", shellquote.Unset(config.EnvBackend))
	}
	return nil
}

func newBackendMigrateCommand(p *program) *cli.Command {
	var keep, forced bool
	return &cli.Command{
		Name:      "migrate",
		Usage:     "move every key of every profile to another backend",
		ArgsUsage: "FROM TO",
		Description: `Copies every item and reads it back, then writes the new backend to the config file, and only then empties the old one.
You can interrupt it at any point and run it again without losing a key.

It asks before it moves keys to a backend that a reboot empties, such as keyctl, unless --keep or --force is given.

  # Move every key from the Secret Service to the file backend
  ragenv backend migrate secret-service file`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "keep", Destination: &keep, Usage: "also keep the keys in the old backend"},
			&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "do not ask before moving keys to a backend that a reboot empties"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 2 || c.Args().Get(0) == c.Args().Get(1) {
				return ui.Usagef("ragenv backend", "ragenv backend migrate takes the names of two backends, FROM and TO")
			}
			return runBackendMigrate(s, c.Args().Get(0), c.Args().Get(1), keep, forced)
		},
	}
}

func runBackendMigrate(s *session.Session, fromName, toName string, keep, forced bool) error {
	from, err := s.Opener().Open(fromName)
	if errors.Is(err, keychain.ErrNoStore) {
		return ui.Errorf("ragenv backend", "there is nothing to move: %w", err)
	}
	if err != nil {
		return session.ExplainBackend(fromName, err)
	}
	if !keep && !forced && s.Opener().Volatile(toName) && !s.Opener().Volatile(fromName) {
		if err := confirmVolatile(fromName, toName); err != nil {
			return err
		}
	}
	to, err := s.Opener().OpenOrCreate(toName)
	if err != nil {
		return session.ExplainBackend(toName, err)
	}
	// The keys are read back after the move, so the new place must be unlocked, too.
	for _, k := range []*keychain.Keychain{from, to} {
		if err := s.EnsureUnlocked(k); err != nil {
			return err
		}
	}

	moving := "Moving the keys"
	stop := s.Print.Working(moving)
	verified, err := keychain.CopyAll(from, to, func(ref keychain.Ref, outcome keychain.Moved) {
		stop()
		defer func() { stop = s.Print.Working(moving) }()
		switch outcome {
		case keychain.Copied:
			s.Print.Note("%s: copied and read back", ref)
		case keychain.Same:
			s.Print.Note("%s: already there", ref)
		case keychain.Newer:
			s.Print.Warn("%s: the %s backend has a newer value, which is kept; the older one stays in the %s backend", ref, toName, fromName)
		}
	})
	stop()
	var refused *keychain.RefusedError
	if errors.As(err, &refused) {
		rm := "ragenv rm "
		if refused.Ref.Profile != s.Config.Profile {
			rm = "ragenv --profile " + refused.Ref.Profile + " rm "
		}
		return ui.Errorf(rm+shellquote.Word(refused.Ref.Name)+" && "+fmt.Sprintf("ragenv backend migrate %s %s", fromName, toName), "%w", err)
	}
	if err != nil {
		fix := "fix that"
		var key *keychain.KeyError
		if errors.As(err, &key) {
			fix = key.Command
		}
		return ui.Errorf(fmt.Sprintf("nothing was removed; %s, then run: ragenv backend migrate %s %s", fix, fromName, toName), "%w", err)
	}
	// The config file may name a third backend. It stays: its keys are not among those moved.
	if pinned := s.Config.PinnedBackend; pinned == "" || pinned == fromName {
		if err := pinBackend(s, toName); err != nil {
			return err
		}
	}
	if keep {
		s.Print.Note("%s in both backends", ui.Count(session.WithoutFingerprints(verified), "item"))
		return nil
	}
	stop = s.Print.Working("Removing the old copies")
	err = keychain.RemoveAll(from, verified)
	if err == nil {
		// Items written to the old place during the move, by processes that opened it before the config
		// file named the new one.
		var late []keychain.Item
		if late, err = keychain.CopyAll(from, to, nil); err == nil {
			err = keychain.RemoveAll(from, late)
		}
	}
	stop()
	if err != nil {
		return ui.Errorf(fmt.Sprintf("ragenv backend migrate %s %s", fromName, toName), "every key is in the %s backend, but the old one could not be emptied: %w", toName, err)
	}
	s.Print.Note("%s moved from the %s backend to the %s backend", ui.Count(session.WithoutFingerprints(verified), "item"), fromName, toName)
	return nil
}

// confirmVolatile asks for consent to keep the keys only where a reboot loses them. It fails without
// consent.
func confirmVolatile(from, to string) error {
	again := fmt.Sprintf("ragenv backend migrate %s %s", from, to)
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf(again+" --keep (or --force, to lose the keys at the next reboot)", "the %s backend is volatile: a reboot would empty it", to)
	}
	defer terminal.Close()
	yes, err := terminal.Confirm(fmt.Sprintf("The %s backend is volatile: a reboot empties it. Move the keys there, and remove them from the %s backend?", to, from), false)
	if err == nil && !yes {
		err = ui.Errorf(again+" --keep", "nothing was moved")
	}
	return err
}
