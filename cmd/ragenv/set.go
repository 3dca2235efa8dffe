package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newSetCommand(p *program) *cli.Command {
	var o setOptions
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
			&cli.BoolFlag{Name: "from-env", Destination: &o.fromEnv, Usage: "take the value of the environment variable NAME"},
			&cli.BoolFlag{Name: "generate", Destination: &o.generate, Usage: "generate a random key: the base64 of 32 bytes"},
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
			o.name = c.Args().First()
			if err := envName(c, o.name); err != nil {
				return err
			}
			switch {
			case o.fromEnv && o.generate:
				return ui.Usagef(commandline.HelpHint(c), "--from-env and --generate exclude each other")
			case o.keep && (o.fromEnv || o.generate):
				return ui.Usagef(commandline.HelpHint(c), "--keep takes no other value")
			case o.keep && o.expires == "":
				return ui.Usagef("ragenv set "+o.name+" --keep --expires 90d", "--keep belongs to --expires")
			}
			return runSet(s, o)
		},
	}
}

func runSet(s *session, o setOptions) error {
	defer ui.HideTyping()()
	item := keychain.Item{Ref: s.envRef(o.name)}
	if o.expires != "" {
		var err error
		if item.Expires, err = expiry.Parse(o.expires, s.now()); err != nil {
			return ui.Usagef("ragenv set "+o.name+" --expires 90d", "--expires: %w", err)
		}
	}
	place, err := s.findPlace(item.Ref, o.forced)
	if err != nil {
		return err
	}
	if o.keep {
		return s.changeExpiry(place, item)
	}
	if o.generate { // before anything is made, since what it would replace may be irreplaceable
		if err := place.mayReplace(item, o.forced); err != nil {
			return err
		}
	}
	o.mayKeep = o.expires != "" && place.taken && place.unread == nil
	value, err := s.readValue("set", o)
	if errors.Is(err, errKeep) {
		return s.changeExpiry(place, item)
	}
	if err != nil {
		return err
	}
	value = s.trimmed(o.name, value)
	if err := s.checkValue(o.name, value, o.forced); err != nil {
		return err
	}
	item.Secret = keychain.NewSecret(value)
	return s.storeAt(place, item, o.forced)
}

// changeExpiry notes another expiry for a stored value.
func (s *session) changeExpiry(p place, item keychain.Item) error {
	if p.unread != nil {
		return p.unread
	}
	if !p.taken {
		return s.notStored(item.Ref)
	}
	item.Secret = p.former.Secret
	return s.storeAt(p, item, false)
}
