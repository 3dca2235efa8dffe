package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type setOptions struct {
	session.ValueFrom
	forced  bool
	expires string
	keep    bool // change only the expiry
}

func newSetCommand(p *program) *cli.Command {
	o := setOptions{ValueFrom: session.ValueFrom{Command: "set"}}
	return &cli.Command{
		Name:      "set",
		Usage:     "store a key",
		ArgsUsage: "NAME",
		Description: `NAME is the environment variable that commands get the key in. The value comes from a hidden prompt or from standard
input; one line break at its end is dropped. A value on the command line is refused, since other users can see it there.

A value that cannot be the key (a placeholder, a quoted or cut paste, another service's key) is refused. --force stores
an unusual value. Docker also uses NGC_API_KEY to log in to nvcr.io.

To change only the expiry, press Enter at the prompt, or use --keep.

A replaced value is kept for a week, which needs an unlocked keychain. "ragenv rotate --undo NAME" restores it. With
--force, a value that cannot be read is replaced too.

  # Paste a key at a hidden prompt
  ragenv set NGC_API_KEY

  # Read a key from a file, and record when it expires
  ragenv set CYBORGDB_API_KEY --expires 90d < key.txt

  # Change when the stored key expires
  ragenv set CYBORGDB_API_KEY --keep --expires 30d

  # Generate the key that encrypts an index
  ragenv set APP_VECTORSTORE_INDEXKEY --generate`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "from-env", Destination: &o.FromEnv, Usage: "read the value from the environment variable NAME"},
			&cli.BoolFlag{Name: "generate", Destination: &o.Generate, Usage: "generate a random key (32 bytes in base64)"},
			&cli.StringFlag{Name: "expires", Destination: &o.expires, Usage: "record when the key expires: `WHEN` is a date (2027-01-31), a duration (90d, 12w) or never"},
			&cli.BoolFlag{Name: "keep", Destination: &o.keep, Usage: "with --expires, keep the stored value"},
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "store an unusual value, or replace a key that cannot be regenerated"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			switch args := c.Args(); {
			case args.Len() == 0:
				return ui.Usagef("ragenv set "+secrets.NGCAPIKey, "which key? ragenv set needs a name")
			case args.Len() > 1:
				if err := envName(c, args.First()); err != nil {
					return err
				}
				return valueInArguments("ragenv set " + args.First())
			}
			o.Name = c.Args().First()
			if err := envName(c, o.Name); err != nil {
				return err
			}
			switch {
			case o.FromEnv && o.Generate:
				return ui.Usagef(commandline.HelpHint(c), "use only one of --from-env and --generate")
			case o.keep && (o.FromEnv || o.Generate):
				return ui.Usagef(commandline.HelpHint(c), "--keep takes no other value")
			case o.keep && o.expires == "":
				return ui.Usagef("ragenv set "+o.Name+" --keep --expires 90d", "--keep needs --expires")
			}
			if known, _ := secrets.Lookup(o.Name); o.Generate && known.Docs != "" {
				return ui.Usagef("get one at "+known.Docs+", then: ragenv set "+o.Name, "%s is issued by its service and cannot be generated", o.Name)
			}
			return runSet(s, o)
		},
	}
}

// source returns the flag that defines where the value comes from, for hints.
func (o setOptions) source() string {
	switch {
	case o.keep:
		return " --keep"
	case o.FromEnv:
		return " --from-env"
	case o.Generate:
		return " --generate"
	}
	return ""
}

func runSet(s *session.Session, o setOptions) error {
	defer ui.HideTyping()()
	item := keychain.Item{Ref: s.EnvRef(o.Name)}
	never := o.expires == expiry.Never
	if o.expires != "" && !never {
		var err error
		if item.Expires, err = expiry.Parse(o.expires, s.Now()); err != nil {
			return ui.Usagef("ragenv set "+o.Name+o.source()+" --expires 90d", "--expires: %w", err)
		}
	}
	place, err := s.FindPlace(item.Ref, o.forced)
	if err != nil {
		return err
	}
	place.NeverExpires = never
	if o.keep {
		return changeExpiry(s, place, item, o.expires)
	}
	if o.Generate { // before a value is generated, since the value it replaces may be irreplaceable
		if err := s.MayReplace(place, item, o.forced); err != nil {
			return err
		}
	}
	o.MayKeep = o.expires != "" && place.Taken && place.Unread == nil
	value, err := s.ReadValue(o.ValueFrom)
	if errors.Is(err, session.ErrKeep) {
		return changeExpiry(s, place, item, o.expires)
	}
	if err != nil {
		return err
	}
	value = s.Trimmed(o.Name, value)
	if err := s.CheckValue(o.Name, value, o.forced); err != nil {
		return err
	}
	item.Secret = keychain.NewSecret(value)
	return s.StoreAt(place, item, o.forced)
}

// changeExpiry changes the expiry of a stored value to when.
func changeExpiry(s *session.Session, p session.Place, item keychain.Item, when string) error {
	if p.Unread != nil {
		return p.Unread
	}
	if !p.Taken {
		return s.NotStored(item.Ref, "set NAME --keep --expires "+when)
	}
	item.Secret = p.Former.Secret
	return s.StoreAt(p, item, false)
}
