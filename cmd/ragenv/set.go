package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/urfave/cli/v2"
	"golang.org/x/term"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// maxInput bounds a value on standard input, in bytes: far more than an environment variable can hold.
const maxInput = 1 << 20

// generatedBytes is the length of a generated key before base64: that of an index's encryption key.
const generatedBytes = 32

type setOptions struct {
	name                      string
	fromEnv, generate, forced bool
	expires                   string
}

func newSetCommand(p *program) *cli.Command {
	var o setOptions
	return &cli.Command{
		Name:      "set",
		Usage:     "store a key",
		ArgsUsage: "NAME",
		Description: `NAME is the environment variable that commands get the key in. The value is asked for without showing it, or read from
standard input, where one line break at its end is left out. It is never taken from the command line, which others can see.

A value that cannot be the key (a placeholder, a quoted or cut paste, another service's key) is refused. --force stores what is
only unusual. NGC_API_KEY is also what Docker logs in to nvcr.io with.

  ragenv set NGC_API_KEY
  ragenv set CYBORGDB_API_KEY --expires 90d < key.txt
  ragenv set APP_VECTORSTORE_INDEXKEY --generate`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "from-env", Destination: &o.fromEnv, Usage: "take the value of the environment variable NAME"},
			&cli.BoolFlag{Name: "generate", Destination: &o.generate, Usage: "make a random key: the base64 of 32 bytes"},
			&cli.StringFlag{Name: "expires", Destination: &o.expires, Usage: "when the key stops working, as `WHEN`: a date (2027-01-31) or a duration (90d, 12w)"},
			&cli.BoolFlag{Name: "force", Destination: &o.forced, Usage: "store an unusual value, or replace a key that cannot be made again"},
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
			if o.fromEnv && o.generate {
				return ui.Usagef(helpHint(c), "--from-env and --generate exclude each other")
			}
			return runSet(s, o)
		},
	}
}

func runSet(s *session, o setOptions) error {
	item := keychain.Item{Ref: s.envRef(o.name)}
	if o.expires != "" {
		var err error
		if item.Expires, err = parseExpiry(o.expires, s.now()); err != nil {
			return ui.Usagef("ragenv set "+o.name+" --expires 90d", "--expires: %w", err)
		}
	}
	if o.generate {
		// Before anything is made, since what it would replace may be irreplaceable.
		if err := s.mayReplace(item, o.forced); err != nil {
			return err
		}
	}
	value, err := s.readValue(o)
	if err != nil {
		return err
	}
	if err := s.checkValue(o.name, value, o.forced); err != nil {
		return err
	}
	item.Secret = keychain.NewSecret(value)
	return s.store(item, o.forced)
}

// readValue gets the value from where the flags say.
func (s *session) readValue(o setOptions) (string, error) {
	switch {
	case o.generate:
		key := make([]byte, generatedBytes)
		_, _ = rand.Read(key) // it never fails
		return base64.StdEncoding.EncodeToString(key), nil
	case o.fromEnv:
		value := s.getenv(o.name)
		if value == "" {
			return "", ui.Errorf("ragenv set "+o.name, "the environment variable %s is not set, or is empty", o.name)
		}
		return value, nil
	case term.IsTerminal(int(s.stdin.Fd())):
		return s.promptValue(o.name)
	}
	data, err := io.ReadAll(io.LimitReader(s.stdin, maxInput+1))
	if err != nil {
		return "", fmt.Errorf("read standard input: %w", err)
	}
	if len(data) > maxInput {
		return "", ui.Errorf("", "standard input is longer than 1 MiB: that is no key")
	}
	data = bytes.TrimSuffix(data, []byte("\n"))
	return string(bytes.TrimSuffix(data, []byte("\r"))), nil
}

func (s *session) promptValue(name string) (string, error) {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return "", ui.Errorf("ragenv set "+name+" < FILE", "%w", err)
	}
	defer terminal.Close()
	if known, ok := secrets.Lookup(name); ok && known.Docs != "" {
		terminal.Printf("Get one at %s: %s.\n", known.Docs, known.Steps)
	}
	value, err := terminal.ReadSecret(name + " (hidden): ")
	return string(value), err
}

// checkValue tells the person what is odd about a value, and refuses what must not be stored.
func (s *session) checkValue(name, value string, forced bool) error {
	return s.checkValueOr(name, value, forced, "ragenv set "+name+" --force")
}

// checkValueOr is checkValue for another command than set: insist is what stores an unusual value all the same.
func (s *session) checkValueOr(name, value string, forced bool, insist string) error {
	for _, finding := range validate.Check(secrets.KindOf(name), value) {
		switch {
		case finding.Severity == validate.Refuse:
			return ui.Errorf(finding.Hint, "%s: %s", name, finding.Message)
		case finding.Severity == validate.Unusual && !forced:
			return ui.Errorf(finding.Hint+"; if it is right all the same: "+insist, "%s: %s", name, finding.Message)
		default:
			s.print.Warn("%s: %s", name, finding.Message)
			if finding.Hint != "" {
				s.print.Hint("%s", finding.Hint)
			}
		}
	}
	return nil
}

// mayReplace refuses to lose a key that no service can make again.
func (s *session) mayReplace(item keychain.Item, forced bool) error {
	known, _ := secrets.Lookup(item.Name)
	if !known.Irreplaceable || forced {
		return nil
	}
	k, err := s.opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil
	}
	if err != nil {
		return err
	}
	if has, err := k.Has(item.Ref); err != nil || !has {
		return err
	}
	if !item.Secret.Empty() {
		if stored, err := k.Get(item.Ref); err == nil && stored.Secret == item.Secret {
			return nil
		}
	}
	return irreplaceable(item.Name, "ragenv set "+item.Name+" --force")
}

func irreplaceable(name, command string) error {
	return ui.Errorf("keep a copy (ragenv get "+name+" > FILE), then: "+command,
		"%s is stored already, and what is encrypted with it can never be read without it", name)
}

// store writes an item that was checked, and says what it did.
//
// The value that is stored already keeps its expiry, unless another is given; a new value's expiry is unknown until told.
func (s *session) store(item keychain.Item, forced bool) error {
	if err := s.mayReplace(item, forced); err != nil {
		return err
	}
	k, err := s.opener().Write()
	if err != nil {
		return err
	}
	replaces, err := k.Has(item.Ref)
	if err != nil {
		return err
	}
	var former keychain.Item
	if replaces && k.Unlocked() { // storing needs no passphrase, so none is asked for this
		former, _ = k.Get(item.Ref)
	}
	same := former.Secret == item.Secret && !former.Secret.Empty()
	if same && (item.Expires.IsZero() || item.Expires.Equal(former.Expires)) {
		s.print.Note("%s%s already has that value", item.Name, s.inProfile())
		return nil
	}
	if same {
		item.Updated = former.Updated
	}
	if err := k.Set(item); err != nil {
		return err
	}
	where := fmt.Sprintf("%s%s in the %s backend", item.Name, s.inProfile(), k.Backend())
	until := ""
	if !item.Expires.IsZero() {
		until = ", which expires on " + item.Expires.In(s.now().Location()).Format(time.DateOnly)
	}
	switch {
	case same:
		s.print.Note("noted for %s%s: the value is the same", item.Name, until)
	case replaces:
		s.print.Note("replaced %s%s", where, until)
	default:
		s.print.Note("stored %s%s", where, until)
	}
	if !same && !former.Expires.IsZero() && item.Expires.IsZero() {
		s.print.Note("when the new key expires is not known")
		s.hint("ragenv set " + item.Name + " --expires 90d, with the same value, notes it")
	}
	return nil
}
