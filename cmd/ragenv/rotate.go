package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

type rotateOptions struct {
	setOptions
	undo, confirm, restart, yes, offline bool
}

func newRotateCommand(p *program) *cli.Command {
	var o rotateOptions
	return &cli.Command{
		Name:      "rotate",
		Usage:     "replace a key by a new one, with a way back",
		ArgsUsage: "NAME",
		Description: `Takes the new key as "ragenv set" does, checks its shape, asks the service about it where that can be done, and replaces
the old one in one write: Docker and the next command use it at once. The old key is kept for a week, or until
"ragenv rotate --confirm NAME"; "ragenv rotate --undo NAME" brings it back.

It ends with what still has the old key. "ragenv rotate NAME --restart" shows the docker compose commands that recreate those
services with the stored key, and only those, asks, runs them, and searches again. "ragenv where NAME" lists all that was found.

  # Replace a key, and record when the new one expires
  ragenv rotate NGC_API_KEY --expires 90d

  # Recreate the Compose services that still have the old key
  ragenv rotate NGC_API_KEY --restart

  # Forget the old key at once
  ragenv rotate NGC_API_KEY --confirm`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "undo", Destination: &o.undo, Usage: "bring back the key from before; a second time swaps them again"},
			&cli.BoolFlag{Name: "confirm", Destination: &o.confirm, Usage: "the new key works: forget the one from before"},
			&cli.BoolFlag{Name: "restart", Destination: &o.restart, Usage: "recreate the Compose services that have the old key"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.yes, Usage: "with --restart: do not ask"},
			&cli.BoolFlag{Name: "from-env", Destination: &o.fromEnv, Usage: "take the value of the environment variable NAME"},
			&cli.StringFlag{Name: "expires", Destination: &o.expires, Usage: "when the new key stops working, as `WHEN`: a date (2027-01-31) or a duration (90d, 12w)"},
			&cli.BoolFlag{Name: "offline", Destination: &o.offline, Usage: "do not ask the service"},
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "take also an unusual value, or one that the service does not take"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv rotate "+secrets.NGCAPIKey, "ragenv rotate takes one name")
			}
			o.name = c.Args().First()
			if err := envName(c, o.name); err != nil {
				return err
			}
			if o.undo && o.confirm || o.undo && o.restart || o.confirm && o.restart {
				return ui.Usagef(commandline.HelpHint(c), "--undo, --confirm and --restart exclude each other")
			}
			if o.yes && !o.restart {
				return ui.Usagef("ragenv rotate --restart --yes "+o.name, "--yes belongs to --restart")
			}
			return runRotate(s, o)
		},
	}
}

func runRotate(s *session, o rotateOptions) error {
	ref := s.envRef(o.name)
	k, err := s.opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return s.notStored(ref)
	}
	if err != nil {
		return err
	}
	if source, ok := s.config.Source(ref); ok {
		return ui.Errorf("change it there; docker and ragenv use the new one "+untilAsked(source)+", and ragenv where "+o.name+" finds who has another",
			"%s comes from a command (%s), and is not stored", o.name, ui.Printable(source.Command[0]))
	}
	switch {
	case o.undo:
		if err := s.undoRotation(k, ref); err != nil {
			return err
		}
		s.afterRotation(ref.Name) // the key that was new is the old one now
		return nil
	case o.confirm:
		return s.confirmRotation(k, ref)
	case o.restart:
		return s.restartHolders(ref, o.yes)
	}
	if known, _ := secrets.Lookup(o.name); known.Irreplaceable {
		return ui.Errorf("make a new index with a key of its own", "%s cannot be rotated: what is encrypted with it can never be read without it", o.name)
	}
	var current keychain.Item
	err = s.unlocked(k, func() (err error) {
		current, err = k.Get(ref)
		return err
	})
	if errors.Is(err, keychain.ErrNotFound) {
		return s.notStored(ref)
	}
	if err != nil {
		return err
	}
	next := keychain.Item{Ref: ref}
	if o.expires != "" {
		if next.Expires, err = expiry.Parse(o.expires, s.now()); err != nil {
			return ui.Usagef("ragenv rotate "+o.name+" --expires 90d", "--expires: %w", err)
		}
	}
	value, err := s.readValue("rotate", o.setOptions)
	if err != nil {
		return err
	}
	value = s.trimmed(o.name, value)
	if err := s.checkValue(o.name, value, o.forced); err != nil {
		return err
	}
	if next.Secret = keychain.NewSecret(value); next.Secret == current.Secret {
		return ui.Errorf("make a new key first, then run it again", "that is the key %s has now", o.name)
	}
	if err := s.askBeforeRotation(next, o); err != nil {
		return err
	}
	if err := s.swap(k, current, next); err != nil {
		return err
	}
	if !current.Expires.IsZero() && next.Expires.IsZero() {
		if err := s.noteExpiry(k, next, !o.fromEnv); err != nil {
			return err
		}
	}
	s.afterRotation(o.name)
	return nil
}

// askBeforeRotation refuses a new key that its service does not take.
func (s *session) askBeforeRotation(next keychain.Item, o rotateOptions) error {
	if o.offline || secrets.KindOf(o.name) != validate.NGC {
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	result := s.ask(ctx, next)
	if ctx.Err() != nil {
		return ui.ErrInterrupted
	}
	switch result.Outcome {
	case probe.Valid:
		s.print.Note("the service takes the new key")
	case probe.Unknown:
		s.print.Note("whether the service takes the new key is not known: %s", result.Detail)
	case probe.Invalid, probe.LacksRights:
		if o.forced {
			s.print.Warn("the service refuses the new key: %s", result.Detail)
			return nil
		}
		return ui.Errorf("nothing was changed; to store it anyway: ragenv rotate "+o.name+" --force", "the service refuses the new key: %s", result.Detail)
	}
	return nil
}

// swap keeps the current value aside and then puts the next in its place. Interrupted between the two, the key is still the
// current one.
func (s *session) swap(k *keychain.Keychain, current, next keychain.Item) error {
	if err := s.keepPrevious(k, current); err != nil {
		return err
	}
	if err := k.Set(next); err != nil {
		return err
	}
	s.print.Note("%s%s is the new key from now on; the one before is kept for a week", next.Name, s.inProfile())
	s.hint(fmt.Sprintf("ragenv rotate --confirm %s when it works, ragenv rotate --undo %s if it does not", next.Name, next.Name))
	return nil
}

// noteExpiry asks when a new key that is stored by now expires, if it was typed; else it says how to note that.
func (s *session) noteExpiry(k *keychain.Keychain, item keychain.Item, typed bool) error {
	if typed && term.IsTerminal(int(s.stdin.Fd())) {
		if terminal, err := ui.OpenTerminal(); err == nil {
			defer terminal.Close()
			at, err := s.askExpiry(terminal)
			if err != nil {
				return err
			}
			if !at.IsZero() {
				item.Expires = at
				return k.Set(item)
			}
		}
	}
	s.expiryUnknown(item.Name)
	return nil
}

// expiryUnknown says that a new key's expiry is not known, and how to note it.
func (s *session) expiryUnknown(name string) {
	s.print.Note("when the new key expires is not known")
	s.hint("ragenv set" + s.forProfile() + " " + name + " --keep --expires 90d")
}

// askExpiry asks when a key stops working; zero if that is not known.
func (s *session) askExpiry(terminal *ui.Terminal) (time.Time, error) {
	for {
		answer, err := terminal.ReadLine("When does the new key expire (2027-01-31 or 90d; Enter if unknown)? ")
		if err != nil || answer == "" {
			return time.Time{}, err
		}
		at, err := expiry.Parse(answer, s.now())
		if err == nil {
			return at, nil
		}
		terminal.Printf("%v\n", ui.Printable(err.Error()))
	}
}

// undoRotation swaps the current value and the one that is kept, so that an undo can be undone. Interrupted between the two
// writes, the kept value is in both places.
func (s *session) undoRotation(k *keychain.Keychain, ref keychain.Ref) error {
	var previous keychain.Item
	err := s.unlocked(k, func() (err error) {
		previous, err = k.Get(previousRef(ref))
		return err
	})
	if errors.Is(err, keychain.ErrNotFound) || err == nil && s.now().Sub(previous.Updated) > previousKept {
		return ui.Errorf("ragenv set"+s.forProfile()+" "+ref.Name, "no key from before is kept for %s%s: none was replaced, it was confirmed, or a week has passed", ref.Name, s.inProfile())
	}
	if err != nil {
		return err
	}
	current, err := k.Get(ref)
	if err != nil && !errors.Is(err, keychain.ErrNotFound) && !errors.Is(err, keychain.ErrDamaged) {
		return err
	}
	restored := previous
	restored.Ref, restored.Updated = ref, time.Time{}
	if err := k.Set(restored); err != nil {
		return err
	}
	if current.Secret.Empty() {
		if err := k.Remove(previous.Ref); err != nil && !errors.Is(err, keychain.ErrNotFound) {
			return err
		}
		s.print.Note("%s%s is the key from before again", ref.Name, s.inProfile())
		return nil
	}
	if err := s.keepPrevious(k, current); err != nil {
		return err
	}
	s.print.Note("%s%s is the key from before again; the one it was until now is kept for a week", ref.Name, s.inProfile())
	s.hint("ragenv rotate" + s.forProfile() + " --undo " + ref.Name + " swaps them again")
	return nil
}

func (s *session) confirmRotation(k *keychain.Keychain, ref keychain.Ref) error {
	err := k.Remove(previousRef(ref))
	if errors.Is(err, keychain.ErrNotFound) {
		s.print.Note("no key from before is kept for %s%s", ref.Name, s.inProfile())
		return nil
	}
	if err == nil {
		s.print.Note("the key from before %s%s is forgotten", ref.Name, s.inProfile())
	}
	return err
}
