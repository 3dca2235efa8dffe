package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

type verifyOptions struct {
	names []string
	image string
	json  bool
}

func newVerifyCommand(p *program) *cli.Command {
	var o verifyOptions
	return &cli.Command{
		Name:      "verify",
		Usage:     "check stored keys with their services",
		ArgsUsage: "[NAME...]",
		Description: `Without names it checks every stored key that a service can check. Each key is sent only to its own service, over TLS,
unless RAGENV_NGC_API_URL, RAGENV_NGC_AUTHN_URL or RAGENV_NGC_REGISTRY_URL names another one; a warning says so. The
outcome is one of

  valid         the service accepts the key
  invalid       the service rejects it: the key is wrong or has expired
  lacks-rights  the service accepts the key, but it lacks a permission; see the detail
  unknown       it could not be checked; see the detail

The exit code is 1 if a key is invalid or lacks rights. --json prints an array of objects with the members name,
outcome, detail and, where known, type, org, products, missing and image.

  # Check every key
  ragenv verify

  # Check that the NGC key can pull an image
  ragenv verify NGC_API_KEY --image nvcr.io/nvidia/blueprint/rag-server:2.6.0`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "image", Destination: &o.image, Usage: "also check that the key can pull `IMAGE` from nvcr.io"},
			&cli.BoolFlag{Name: "json", Destination: &o.json, Usage: "print JSON"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			o.names = c.Args().Slice()
			for _, name := range o.names {
				if err := envName(c, name); err != nil {
					return err
				}
			}
			return runVerify(s, o)
		},
	}
}

func runVerify(s *session.Session, o verifyOptions) error {
	var image probe.Image
	if o.image != "" {
		var err error
		if image, err = probe.ParseImage(o.image); err != nil {
			return ui.Usagef("ragenv verify --image "+services.BlueprintImage, "--image: %w", err)
		}
	}
	items, err := session.Settled(s, func() ([]keychain.Item, error) { return verifiable(s, o.names) })
	if err != nil {
		return err
	}
	if len(items) == 0 {
		return s.NotStored(s.EnvRef(secrets.NGCAPIKey), "verify NAME")
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	verdicts := []services.Verdict{}
	for _, item := range items {
		verdicts = append(verdicts, services.Verdict{Name: item.Name, Result: s.Services.Ask(ctx, item)})
		if o.image != "" && secrets.KindOf(item.Name) == validate.NGC {
			client := s.Services.Client()
			stop := s.Print.Working("Checking " + image.String())
			result := client.RegistryPull(ctx, item.Secret.Reveal(), image)
			stop()
			verdicts = append(verdicts, services.Verdict{Name: item.Name, Image: image.String(), Result: result})
		}
		if ctx.Err() != nil {
			return ui.ErrInterrupted
		}
	}
	if err := writeVerdicts(s, verdicts, o.json); err != nil {
		return err
	}
	return services.Refused(verdicts)
}

// verifiable reads the named keys, or all keys that a service can check.
func verifiable(s *session.Session, names []string) ([]keychain.Item, error) {
	k, err := s.Opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	var refs []keychain.Ref
	if len(names) == 0 {
		all, err := k.List(s.Config.Profile)
		if err != nil {
			return nil, err
		}
		for _, ref := range all {
			if kind := secrets.KindOf(ref.Name); ref.Kind == keychain.KindEnv && (kind == validate.NGC || kind == validate.CyborgDB) {
				refs = append(refs, ref)
			}
		}
	}
	for _, name := range names {
		ref := s.EnvRef(name)
		has, err := k.Has(ref)
		if err != nil {
			return nil, err
		}
		if !has {
			return nil, s.NotStored(ref, "verify NAME")
		}
		refs = append(refs, ref)
	}
	return s.GetAll(k, refs)
}

func writeVerdicts(s *session.Session, verdicts []services.Verdict, asJSON bool) error {
	if asJSON {
		return ui.WriteJSON(s.Stdout, verdicts)
	}
	var rows [][]string
	for _, v := range verdicts {
		subject := v.Name
		if v.Image != "" {
			subject += " pulls " + v.Image
		}
		rows = append(rows, []string{subject, string(v.Outcome), v.Detail})
		for _, missing := range v.Missing {
			rows = append(rows, []string{"", "", fmt.Sprintf("without %q: %s", missing.Title, missing.Effect)})
		}
	}
	return ui.StyleFor(s.Stdout, s.Getenv).Table(s.Stdout, rows)
}
