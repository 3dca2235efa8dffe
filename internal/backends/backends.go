// Package backends shows the keychain backends of this system, selects one, and moves the keys to another.
package backends

import (
	"errors"
	"fmt"
	"strings"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// List shows the backends of this system, which of them are usable now, and which one is in use.
func List(s *session.Session) error {
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

// Use writes the backend for new keys to the config file, if it can be used now. Stored keys stay where they
// are.
func Use(s *session.Session, name string) error {
	former := s.Config.Backend
	if err := s.QuietOpener().Probe(name); err != nil {
		return session.ExplainBackend(name, err)
	}
	if _, err := s.Opener().OpenOrCreate(name); err != nil {
		return session.ExplainBackend(name, err)
	}
	if err := pin(s, name); err != nil {
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

// pin writes the backend to the config file, and warns if the environment names another.
func pin(s *session.Session, name string) error {
	if err := s.Opener().Pin(name); err != nil {
		return err
	}
	s.WarnIfOverridden(config.EnvBackend, name)
	return nil
}
