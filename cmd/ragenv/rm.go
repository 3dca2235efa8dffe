package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type rmOptions struct{ forced bool }

func newRmCommand(p *program) *cli.Command {
	var o rmOptions
	return &cli.Command{
		Name:      "rm",
		Usage:     "remove stored keys",
		ArgsUsage: "NAME...",
		Description: `NAME can also be a registry, to remove its login. If a name is not stored, the others are still removed.

  # Remove a key, and the login to a registry
  ragenv rm HF_TOKEN
  ragenv rm ghcr.io`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "also remove a key that cannot be regenerated"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if !c.Args().Present() {
				return ui.Usagef("ragenv list", "which key? ragenv rm needs names")
			}
			var refs []keychain.Ref
			for _, name := range c.Args().Slice() {
				ref, listed := listedRef(s, name)
				if !listed {
					if ref, err = storedRef(s, c, name); err != nil {
						return err
					}
				}
				refs = append(refs, ref)
			}
			return runRm(s, refs, o)
		},
	}
}

// listedRef returns the item that list shows under this name, or that has a former value, even if today's
// rules would refuse the name: earlier versions accepted others. List replaces terminal control characters,
// so the name as shown matches, too.
func listedRef(s *session.Session, name string) (keychain.Ref, bool) {
	k, err := s.QuietOpener().Read()
	if err != nil {
		return keychain.Ref{}, false // runRm reports it
	}
	refs, err := k.List(s.Config.Profile)
	if err != nil {
		return keychain.Ref{}, false
	}
	var shown []keychain.Ref
	for _, ref := range refs {
		switch {
		case ref.Name == name && ref.Kind == keychain.KindPrevious:
			ref.Kind = keychain.KindEnv // removed together with it
			return ref, true
		case ref.Name == name:
			return ref, true
		case ui.Printable(ref.Name) == name:
			shown = append(shown, ref)
		}
	}
	if len(shown) != 1 {
		return keychain.Ref{}, false
	}
	return shown[0], true
}

func runRm(s *session.Session, refs []keychain.Ref, o rmOptions) error {
	k, err := s.Opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return s.NotStored(refs[0], "rm NAME")
	}
	if err != nil {
		return err
	}
	return s.Opener().Changing(k, func() error { return remove(s, k, refs, o) })
}

// remove removes keys with their previous values.
func remove(s *session.Session, k *keychain.Keychain, refs []keychain.Ref, o rmOptions) error {
	for _, ref := range refs { // before anything is removed
		known, _ := secrets.Lookup(ref.Name)
		if ref.Kind != keychain.KindEnv || !known.Irreplaceable || o.forced {
			continue
		}
		has, err := k.Has(ref)
		if err != nil {
			return err
		}
		if has {
			return s.Irreplaceable(ref, "ragenv rm "+ref.Name+" --force")
		}
	}
	var failed error
	for _, ref := range refs {
		err := k.Remove(ref)
		if err == nil && ref.Kind == keychain.KindEnv {
			err = k.Remove(session.FormerRef(ref)) // the previous value goes with it
			if errors.Is(err, keychain.ErrNotFound) {
				err = nil
			}
		} else if errors.Is(err, keychain.ErrNotFound) && ref.Kind == keychain.KindEnv {
			err = k.Remove(session.FormerRef(ref)) // it may be alone after an interruption
		}
		if errors.Is(err, keychain.ErrNotFound) {
			hint, meant := "ragenv list", ""
			if near := s.NearestName(ref); near != "" {
				hint, meant = "ragenv rm "+near, ": did you mean "+near+"?"
			}
			err = ui.Errorf(hint, "nothing is stored as %s%s%s", ref.Name, s.InProfile(), meant)
		}
		if err == nil {
			s.Print.Note("removed %s%s", ref.Name, s.InProfile())
			continue
		}
		if failed != nil {
			s.Print.Fail(failed)
		}
		failed = err
	}
	return failed
}
