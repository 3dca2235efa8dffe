// Package rotation replaces a key, keeps the former one for a while, and restores or deletes it.
package rotation

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"
	"time"

	"golang.org/x/term"

	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/internal/where/holders"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// Options are the flags of ragenv rotate NAME.
type Options struct {
	session.ValueFrom
	Expires string // in the syntax of package expiry, or expiry.Never; empty if unknown
	Forced  bool   // accept an unusual value, or one that its service refuses
	Offline bool   // do not check the value with its service
}

// Rotate replaces a stored key with a new one and lists what still has the former key.
func Rotate(s *session.Session, o Options) error {
	var k *keychain.Keychain
	var ref keychain.Ref
	current, err := session.Settled(s, func() (current keychain.Item, err error) {
		if k, ref, err = open(s, o.Name); err != nil {
			return current, err
		}
		if known, _ := secrets.Lookup(o.Name); known.Irreplaceable {
			return current, ui.Errorf("create a new index with a key of its own", "%s cannot be rotated: what is encrypted with it can never be read without it", o.Name)
		}
		return s.Get(k, ref)
	})
	if errors.Is(err, keychain.ErrNotFound) {
		return s.NotStored(ref, "rotate NAME")
	}
	if err != nil {
		return err
	}
	next, again := keychain.Item{Ref: ref}, "ragenv rotate "+o.Name
	if o.Expires != "" && o.Expires != expiry.Never {
		if next.Expires, err = expiry.Parse(o.Expires, s.Now()); err != nil {
			return ui.Usagef(again+" --expires 90d", "--expires: %w", err)
		}
	}
	value, err := s.ReadValue(o.ValueFrom)
	if err != nil {
		return err
	}
	value = s.Trimmed(o.Name, value)
	if err := s.CheckValueOr(o.Name, value, o.Forced, again+" --force"); err != nil {
		return err
	}
	if next.Secret = keychain.NewSecret(value); next.Secret == current.Secret {
		return ui.Errorf("create a new key first, then run it again", "this key is already stored as %s", o.Name)
	}
	if err := checkOnline(s, next, o, again); err != nil {
		return err
	}
	err = swap(s, k, next)
	if errors.Is(err, keychain.ErrNotFound) {
		return s.NotStored(ref, "rotate NAME")
	}
	if err != nil {
		return err
	}
	if !current.Expires.IsZero() && o.Expires == "" {
		if err := noteExpiry(s, k, next, !o.FromEnv); err != nil {
			return err
		}
	}
	holders.AfterRotation(s, o.Name)
	return nil
}

// Restart shows and runs the commands that give Compose services the stored key. Unless yes is set, it asks
// first.
func Restart(s *session.Session, name string, yes bool) error {
	_, ref, err := open(s, name)
	if err != nil {
		return err
	}
	return holders.Restart(s, ref, yes)
}

// open opens the keychain. It fails if the key comes from a command, which ragenv cannot rotate.
func open(s *session.Session, name string) (*keychain.Keychain, keychain.Ref, error) {
	ref := s.EnvRef(name)
	k, err := s.Opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, ref, s.NotStored(ref, "rotate NAME")
	}
	if err != nil {
		return nil, ref, err
	}
	if source, ok := s.Config.Source(ref); ok {
		return nil, ref, ui.Errorf("change it there; docker and ragenv use the new one "+session.UntilAsked(source)+"; to find what has another: ragenv where "+name,
			"%s comes from a command (%s), and is not stored", name, ui.Printable(source.Command[0]))
	}
	return k, ref, nil
}

// checkOnline refuses a new key that its service rejects. again is the command that is running.
func checkOnline(s *session.Session, next keychain.Item, o Options, again string) error {
	if o.Offline || secrets.KindOf(o.Name) != validate.NGC {
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
		if o.Forced {
			s.Print.Warn("the service refuses the new key: %s", result.Detail)
			return nil
		}
		return ui.Errorf("nothing was changed; to store it anyway: "+again+" --force", "the service refuses the new key: %s", result.Detail)
	}
	return nil
}

// swap saves the current value as the former one, then stores the next. If interrupted between the two
// writes, the current key is unchanged. If the current key was removed in the meantime, it returns
// keychain.ErrNotFound.
func swap(s *session.Session, k *keychain.Keychain, next keychain.Item) error {
	err := s.Opener().Changing(k, func() error {
		current, err := k.Get(next.Ref) // again: another process may have changed it since
		if err != nil {
			return err
		}
		if err := s.KeepFormer(k, current); err != nil {
			return err
		}
		return k.Set(next)
	})
	if err != nil {
		return err
	}
	s.Print.Note("replaced %s%s; the previous key is kept for a week", next.Name, s.InProfile())
	s.Hint(fmt.Sprintf("once it works: ragenv rotate --confirm %s; if it does not: ragenv rotate --undo %s", next.Name, next.Name))
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
