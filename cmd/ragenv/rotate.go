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
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where/holders"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

type rotateOptions struct {
	session.ValueFrom
	forced                               bool
	expires                              string
	undo, confirm, restart, yes, offline bool
}

func newRotateCommand(p *program) *cli.Command {
	o := rotateOptions{ValueFrom: session.ValueFrom{Command: "rotate"}}
	return &cli.Command{
		Name:      "rotate",
		Usage:     "replace a key, with a way to undo it",
		ArgsUsage: "NAME",
		Description: `Reads the new key as "ragenv set" does, checks its form, checks it with its service where possible, and replaces the old
one in one write. Docker and the next command use it at once. The old key is kept for a week, or until "ragenv rotate
--confirm NAME"; "ragenv rotate --undo NAME" restores it.

At the end it lists what still has the old key. "ragenv rotate NAME --restart" shows the docker compose commands that
recreate these services with the new key, asks, runs them, and searches again. "ragenv where NAME" shows everything that
was found.

  # Replace a key, and record when the new one expires
  ragenv rotate NGC_API_KEY --expires 90d

  # Recreate the Compose services that still have the old key
  ragenv rotate NGC_API_KEY --restart

  # Forget the old key at once
  ragenv rotate NGC_API_KEY --confirm`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "undo", Destination: &o.undo, Usage: "restore the previous key; again to swap back"},
			&cli.BoolFlag{Name: "confirm", Destination: &o.confirm, Usage: "delete the previous key: the new one works"},
			&cli.BoolFlag{Name: "restart", Destination: &o.restart, Usage: "recreate Compose services that still have the old key"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.yes, Usage: "with --restart, do not ask"},
			&cli.BoolFlag{Name: "from-env", Destination: &o.FromEnv, Usage: "read the value from the environment variable NAME"},
			&cli.StringFlag{Name: "expires", Destination: &o.expires, Usage: "record when the new key expires: `WHEN` is a date (2027-01-31) or a duration (90d, 12w)"},
			&cli.BoolFlag{Name: "offline", Destination: &o.offline, Usage: "do not check the key with its service"},
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "accept an unusual value, or one that the service refuses"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv rotate "+secrets.NGCAPIKey, "ragenv rotate takes one name")
			}
			o.Name = c.Args().First()
			if err := envName(c, o.Name); err != nil {
				return err
			}
			if o.undo && o.confirm || o.undo && o.restart || o.confirm && o.restart {
				return ui.Usagef(commandline.HelpHint(c), "use only one of --undo, --confirm and --restart")
			}
			if o.yes && !o.restart {
				return ui.Usagef("ragenv rotate --restart --yes "+o.Name, "--yes needs --restart")
			}
			return runRotate(s, o)
		},
	}
}

func runRotate(s *session.Session, o rotateOptions) error {
	ref := s.EnvRef(o.Name)
	k, err := s.Opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return s.NotStored(ref, "rotate NAME")
	}
	if err != nil {
		return err
	}
	if source, ok := s.Config.Source(ref); ok {
		return ui.Errorf("change it there; docker and ragenv use the new one "+session.UntilAsked(source)+", and ragenv where "+o.Name+" finds what has another",
			"%s comes from a command (%s), and is not stored", o.Name, ui.Printable(source.Command[0]))
	}
	switch {
	case o.undo:
		if err := undoRotation(s, k, ref); err != nil {
			return err
		}
		holders.AfterRotation(s, ref.Name) // the key that was new is now the old one
		return nil
	case o.confirm:
		return confirmRotation(s, k, ref)
	case o.restart:
		return holders.RestartHolders(s, ref, o.yes)
	}
	if known, _ := secrets.Lookup(o.Name); known.Irreplaceable {
		return ui.Errorf("create a new index with a key of its own", "%s cannot be rotated: what is encrypted with it can never be read without it", o.Name)
	}
	var current keychain.Item
	err = s.Unlocked(k, func() (err error) {
		current, err = k.Get(ref)
		return err
	})
	if errors.Is(err, keychain.ErrNotFound) {
		return s.NotStored(ref, "rotate NAME")
	}
	if err != nil {
		return err
	}
	next := keychain.Item{Ref: ref}
	if o.expires != "" {
		if next.Expires, err = expiry.Parse(o.expires, s.Now()); err != nil {
			return ui.Usagef("ragenv rotate "+o.Name+" --expires 90d", "--expires: %w", err)
		}
	}
	value, err := s.ReadValue(o.ValueFrom)
	if err != nil {
		return err
	}
	value = s.Trimmed(o.Name, value)
	if err := s.CheckValue(o.Name, value, o.forced); err != nil {
		return err
	}
	if next.Secret = keychain.NewSecret(value); next.Secret == current.Secret {
		return ui.Errorf("create a new key first, then run it again", "this key is already stored as %s", o.Name)
	}
	if err := askBeforeRotation(s, next, o); err != nil {
		return err
	}
	if err := swap(s, k, current, next); err != nil {
		return err
	}
	if !current.Expires.IsZero() && next.Expires.IsZero() {
		if err := noteExpiry(s, k, next, !o.FromEnv); err != nil {
			return err
		}
	}
	holders.AfterRotation(s, o.Name)
	return nil
}

// askBeforeRotation refuses a new key that its service rejects.
func askBeforeRotation(s *session.Session, next keychain.Item, o rotateOptions) error {
	if o.offline || secrets.KindOf(o.Name) != validate.NGC {
		return nil
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	result := s.Services.Ask(ctx, next)
	if ctx.Err() != nil {
		return ui.ErrInterrupted
	}
	switch result.Outcome {
	case probe.Valid:
		s.Print.Note("the service accepts the new key")
	case probe.Unknown:
		s.Print.Note("could not check the new key with its service: %s", result.Detail)
	case probe.Invalid, probe.LacksRights:
		if o.forced {
			s.Print.Warn("the service refuses the new key: %s", result.Detail)
			return nil
		}
		return ui.Errorf("nothing was changed; to store it anyway: ragenv rotate "+o.Name+" --force", "the service refuses the new key: %s", result.Detail)
	}
	return nil
}

// swap saves the current value as the former one, then stores the next. If interrupted between the two
// writes, the current key is unchanged.
func swap(s *session.Session, k *keychain.Keychain, current, next keychain.Item) error {
	if err := s.KeepFormer(k, current); err != nil {
		return err
	}
	if err := k.Set(next); err != nil {
		return err
	}
	s.Print.Note("replaced %s%s; the previous key is kept for a week", next.Name, s.InProfile())
	s.Hint(fmt.Sprintf("ragenv rotate --confirm %s when it works, ragenv rotate --undo %s if it does not", next.Name, next.Name))
	return nil
}

// noteExpiry asks when the newly stored key expires if the key was typed. Otherwise it prints how to record
// the expiry.
func noteExpiry(s *session.Session, k *keychain.Keychain, item keychain.Item, typed bool) error {
	if typed && term.IsTerminal(int(s.Stdin.Fd())) {
		if terminal, err := ui.OpenTerminal(); err == nil {
			defer terminal.Close()
			at, err := askExpiry(s, terminal)
			if err != nil {
				return err
			}
			if !at.IsZero() {
				item.Expires = at
				return k.Set(item)
			}
		}
	}
	s.ExpiryUnknown(item.Name)
	return nil
}

// askExpiry asks when a key expires. It returns the zero time if unknown.
func askExpiry(s *session.Session, terminal *ui.Terminal) (time.Time, error) {
	for {
		answer, err := terminal.ReadLine("When does the new key expire (2027-01-31 or 90d; Enter if unknown)? ")
		if err != nil || answer == "" {
			return time.Time{}, err
		}
		at, err := expiry.Parse(answer, s.Now())
		if err == nil {
			return at, nil
		}
		terminal.Printf("%v\n", ui.Printable(err.Error()))
	}
}

// undoRotation swaps the current and the former value, so that an undo can be undone. If interrupted
// between the two writes, the former value is in both places.
func undoRotation(s *session.Session, k *keychain.Keychain, ref keychain.Ref) error {
	var previous keychain.Item
	err := s.Unlocked(k, func() (err error) {
		previous, err = k.Get(session.FormerRef(ref))
		return err
	})
	if errors.Is(err, keychain.ErrNotFound) || err == nil && s.Now().Sub(previous.Updated) > session.FormerKept {
		if has, err := k.Has(ref); err == nil && !has {
			return s.NotStored(ref, "rotate NAME --undo")
		}
		return ui.Errorf("ragenv set"+s.ForProfile()+" "+ref.Name, "no previous key is kept for %s%s: none was replaced, it was confirmed, or a week has passed", ref.Name, s.InProfile())
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
		s.Print.Note("restored the previous %s%s", ref.Name, s.InProfile())
		return nil
	}
	if err := s.KeepFormer(k, current); err != nil {
		return err
	}
	s.Print.Note("restored the previous %s%s; the replaced one is kept for a week", ref.Name, s.InProfile())
	s.Hint("ragenv rotate" + s.ForProfile() + " --undo " + ref.Name + " swaps them again")
	return nil
}

func confirmRotation(s *session.Session, k *keychain.Keychain, ref keychain.Ref) error {
	err := k.Remove(session.FormerRef(ref))
	if errors.Is(err, keychain.ErrNotFound) {
		s.Print.Note("no previous key is kept for %s%s", ref.Name, s.InProfile())
		return nil
	}
	if err == nil {
		s.Print.Note("deleted the previous key of %s%s", ref.Name, s.InProfile())
	}
	return err
}
