package backends

import (
	"errors"
	"fmt"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// MigrateOptions are the flags of ragenv backend migrate.
type MigrateOptions struct {
	Keep   bool // also keep the keys in the old backend
	Forced bool // do not ask before moving keys to a backend that a reboot empties
}

// Migrate copies every item of every profile to another backend and reads it back, makes that the backend in
// use, and removes the items from the old one. If interrupted, it can be run again without losing a key.
func Migrate(s *session.Session, fromName, toName string, o MigrateOptions) error {
	from, err := s.Opener().Open(fromName)
	if errors.Is(err, keychain.ErrNoStore) {
		return ui.Errorf("ragenv backend", "there is nothing to move: %w", err)
	}
	if err != nil {
		return session.ExplainBackend(fromName, err)
	}
	if !o.Keep && !o.Forced && s.Opener().Volatile(toName) && !s.Opener().Volatile(fromName) {
		if err := confirmVolatile(fromName, toName); err != nil {
			return err
		}
	}
	unlock, err := s.Opener().LockMigration()
	if errors.Is(err, opener.ErrMigrating) {
		err = ui.Errorf(fmt.Sprintf("when it has ended, run: ragenv backend migrate %s %s", fromName, toName), "%w", err)
	}
	if err != nil {
		return err
	}
	defer unlock()
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

	if err := begin(s, from, to); err != nil {
		return interrupted(fromName, toName, err)
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
		rm := "ragenv rm" + s.Config.ForProfile(refused.Ref.Profile) + " " + shellquote.Word(refused.Ref.Name)
		return ui.Errorf(fmt.Sprintf("%s && ragenv backend migrate %s %s", rm, fromName, toName), "%w", err)
	}
	if err != nil {
		return interrupted(fromName, toName, err)
	}
	verified, err = switchOver(s, from, to, verified)
	if err != nil {
		return err
	}
	if o.Keep {
		end(s)
		s.Print.Note("%s in both backends", ui.Count(session.WithoutFingerprints(verified), "item"))
		return nil
	}
	stop = s.Print.Working("Removing the old copies")
	err = keychain.RemoveAll(from, verified)
	stop()
	if err != nil {
		return ui.Errorf(fmt.Sprintf("ragenv backend migrate %s %s", fromName, toName), "every key is in the %s backend, but the old one could not be emptied: %w", toName, err)
	}
	end(s)
	s.Print.Note("%s moved from the %s backend to the %s backend", ui.Count(session.WithoutFingerprints(verified), "item"), fromName, toName)
	return nil
}

// switchOver makes to the backend in use, with what other processes stored and removed during the copying. It
// returns the items that to has.
func switchOver(s *session.Session, from, to *keychain.Keychain, copied []keychain.Item) ([]keychain.Item, error) {
	unlock, err := s.Opener().LockSwitch()
	if err != nil {
		return nil, interrupted(from.Backend(), to.Backend(), err)
	}
	defer unlock()
	stop := s.Print.Working("Switching to the new backend")
	verified, err := keychain.CatchUp(from, to, copied)
	stop()
	if err != nil {
		return nil, interrupted(from.Backend(), to.Backend(), err)
	}
	// The config file may name a third backend. It stays: its keys are not among those moved.
	now, err := config.Load(s.Getenv)
	if err != nil {
		return nil, err
	}
	if pinned := now.PinnedBackend; pinned == "" || pinned == from.Backend() {
		return verified, pin(s, to.Backend())
	}
	return verified, nil
}

// interrupted returns the error of a migration that has not switched.
func interrupted(from, to string, err error) error {
	fix := "fix that"
	var key *keychain.KeyError
	if errors.As(err, &key) {
		fix = ui.KeyHint(key)
	}
	return ui.Errorf(fmt.Sprintf("nothing was removed; %s, then run: ragenv backend migrate %s %s", fix, from, to), "%w", err)
}

// confirmVolatile asks for consent to keep the keys only where a reboot loses them. It fails without
// consent.
func confirmVolatile(from, to string) error {
	again := fmt.Sprintf("ragenv backend migrate %s %s", from, to)
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf("to keep them in both backends: "+again+" --keep; to lose them at the next reboot: "+again+" --force", "the %s backend is volatile: a reboot would empty it", to)
	}
	defer terminal.Close()
	yes, err := terminal.Confirm(fmt.Sprintf("The %s backend is volatile: a reboot empties it. Move the keys there, and remove them from the %s backend?", to, from), false)
	if err == nil && !yes {
		err = ui.Errorf(again+" --keep", "nothing was moved")
	}
	return err
}
