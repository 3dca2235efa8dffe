package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

type getOptions struct{ reveal bool }

func newGetCommand(p *program) *cli.Command {
	var o getOptions
	return &cli.Command{
		Name:      "get",
		Usage:     "print a stored key",
		ArgsUsage: "NAME",
		Description: `Prints the value and a line break to a pipe or a file; a terminal needs --reveal. NAME can also be a registry: this
prints the password or token of a docker login.

  # Log in to nvcr.io where no credential helper can be used
  ragenv get NGC_API_KEY | docker login nvcr.io --username '$oauthtoken' --password-stdin`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "reveal", Destination: &o.reveal, Usage: "also print to a terminal"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv get "+secrets.NGCAPIKey, "ragenv get takes one name")
			}
			ref, err := storedRef(s, c, c.Args().First())
			if err != nil {
				return err
			}
			return runGet(s, ref, o)
		},
	}
}

func runGet(s *session.Session, ref keychain.Ref, o getOptions) error {
	if s.ToTerminal() && !o.reveal {
		return ui.Errorf("ragenv get "+ref.Name+" --reveal", "a key is not printed to a terminal, where others may see it")
	}
	item, err := session.Settled(s, func() (keychain.Item, error) { return readItem(s, ref) })
	if errors.Is(err, keychain.ErrNotFound) || errors.Is(err, keychain.ErrNoStore) {
		command := "get NAME"
		if o.reveal {
			command += " --reveal"
		}
		return s.NotStored(ref, command)
	}
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintln(s.Stdout, item.Secret.Reveal()); err != nil {
		return fmt.Errorf("write the value: %w", err)
	}
	return nil
}

func readItem(s *session.Session, ref keychain.Ref) (item keychain.Item, err error) {
	k, err := s.Opener().Read()
	if err != nil {
		return item, err
	}
	return s.Get(k, ref)
}
