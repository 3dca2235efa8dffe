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
		Description: `NAME is the environment variable that commands get the key in. The value is asked for without showing it, or read from
standard input, where one line break at its end is dropped. A value on the command line is refused: others can see it there.

A value that cannot be the key (a placeholder, a quoted or cut paste, another service's key) is refused. --force stores what is
only unusual. NGC_API_KEY is also what Docker logs in to nvcr.io with.

To change the expiry alone, press Enter when it asks for the value, or give --keep.

A value that it replaces is kept for a week ("ragenv rotate --undo NAME" brings it back), so the keychain has to be unlocked for
that. --force replaces also what cannot be read.

  # Paste a key at a hidden prompt
  ragenv set NGC_API_KEY

  # Read a key from a file, and record when it expires
  ragenv set CYBORGDB_API_KEY --expires 90d < key.txt

  # Change when the stored key expires
  ragenv set CYBORGDB_API_KEY --keep --expires 30d

  # Generate the key that encrypts an index
  ragenv set APP_VECTORSTORE_INDEXKEY --generate`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "from-env", Destination: &o.FromEnv, Usage: "take the value of the environment variable NAME"},
			&cli.BoolFlag{Name: "generate", Destination: &o.Generate, Usage: "generate a random key: the base64 of 32 bytes"},
			&cli.StringFlag{Name: "expires", Destination: &o.expires, Usage: "when the key stops working, as `WHEN`: a date (2027-01-31) or a duration (90d, 12w)"},
			&cli.BoolFlag{Name: "keep", Destination: &o.keep, Usage: "with --expires: change that alone, and keep the stored value"},
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "store an unusual value, or replace a key that cannot be regenerated"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			switch args := c.Args(); {
			case args.Len() == 0:
				return ui.Usagef("ragenv set "+secrets.NGCAPIKey, "which key? ragenv set takes a name")
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
			return runSet(s, o)
		},
	}
}

func runSet(s *session.Session, o setOptions) error {
	defer ui.HideTyping()()
	item := keychain.Item{Ref: s.EnvRef(o.Name)}
	if o.expires != "" {
		var err error
		if item.Expires, err = expiry.Parse(o.expires, s.Now()); err != nil {
			return ui.Usagef("ragenv set "+o.Name+" --expires 90d", "--expires: %w", err)
		}
	}
	place, err := s.FindPlace(item.Ref, o.forced)
	if err != nil {
		return err
	}
	if o.keep {
		return changeExpiry(s, place, item)
	}
	if o.Generate { // before a value is generated, since the value it replaces may be irreplaceable
		if err := place.MayReplace(item, o.forced); err != nil {
			return err
		}
	}
	o.MayKeep = o.expires != "" && place.Taken && place.Unread == nil
	value, err := s.ReadValue(o.ValueFrom)
	if errors.Is(err, session.ErrKeep) {
		return changeExpiry(s, place, item)
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

// changeExpiry changes the expiry of a stored value.
func changeExpiry(s *session.Session, p session.Place, item keychain.Item) error {
	if p.Unread != nil {
		return p.Unread
	}
	if !p.Taken {
		return s.NotStored(item.Ref)
	}
	item.Secret = p.Former.Secret
	return s.StoreAt(p, item, false)
}
