package main

import (
	"context"
	"crypto/x509"
	"errors"
	"fmt"
	"os"
	"os/signal"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/charts"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// newHelmFetchCommand is what the plugin runs. Helm passes the paths of the client certificate, its key and
// the CA, each empty without --cert-file, --key-file or --ca-file, and reads the chart from standard
// output.
func newHelmFetchCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:        "fetch",
		Usage:       "write the file at an ngc:// address to standard output; Helm's plugin runs this",
		ArgsUsage:   "FILE FILE FILE URL",
		Description: `Arguments are those of Helm's getter plugins: the files of a client's certificate, its key and an authority, each of which may be empty, and the address.`,
		Hidden:      true,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 4 {
				return ui.Usagef("ragenv helm configure", "ragenv helm fetch is run by Helm")
			}
			if c.Args().Get(0) != "" || c.Args().Get(1) != "" {
				return ui.Errorf("", "--cert-file and --key-file are not supported for %s:// addresses", charts.Scheme)
			}
			return runHelmFetch(s, c.Args().Get(2), c.Args().Get(3))
		},
	}
}

func runHelmFetch(s *session.Session, authorities, address string) error {
	if s.ToTerminal() {
		return ui.Usagef("ragenv helm configure", "ragenv helm fetch is run by Helm")
	}
	known, _ := secrets.Lookup(secrets.NGCAPIKey)
	client := &charts.Client{Host: known.ChartHost, User: known.Username}
	if authorities != "" {
		pem, err := os.ReadFile(authorities)
		if err != nil {
			return fmt.Errorf("--ca-file: %w", err)
		}
		if client.RootCAs = x509.NewCertPool(); !client.RootCAs.AppendCertsFromPEM(pem) {
			return ui.Errorf("", "--ca-file %s: no certificate is in it", ui.Printable(authorities))
		}
	}
	key, err := chartKey(s, known)
	if err != nil {
		return err
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	file, err := client.Fetch(ctx, address, key)
	if err != nil {
		return explainFetch(s, known, err)
	}
	if _, err := s.Stdout.Write(file); err != nil {
		return fmt.Errorf("write the file: %w", err)
	}
	return nil
}

// chartKey returns the stored key, or the environment's if none is stored. It never prompts for a
// passphrase: Helm fetches several files at a time.
func chartKey(s *session.Session, known secrets.Secret) (string, error) {
	item, err := session.Settled(s, func() (keychain.Item, error) {
		k, err := s.QuietOpener().Read()
		if err != nil {
			return keychain.Item{}, err
		}
		return k.Get(s.EnvRef(known.Name))
	})
	switch {
	case err == nil:
		s.WarnOfExpiry([]keychain.Item{item})
		return item.Secret.Reveal(), nil
	case !errors.Is(err, keychain.ErrNotFound) && !errors.Is(err, keychain.ErrNoStore):
		return "", err
	}
	if value := s.Getenv(known.Name); value != "" {
		return value, nil
	}
	return "", s.WithoutKeys("ragenv set "+known.Name, "no key is stored as %s%s, so no chart can be fetched from %s", known.Name, s.InProfile(), known.ChartHost)
}

func explainFetch(s *session.Session, known secrets.Secret, err error) error {
	var status *charts.StatusError
	var address *charts.AddressError
	switch {
	case errors.As(err, &status) && status.KeyRefused():
		return ui.Errorf("ragenv rotate "+known.Name, "%w", err)
	case errors.As(err, &status) && status.Forbidden():
		return ui.Errorf("ragenv verify "+known.Name, "%w", err)
	case errors.As(err, &status) && status.NoSuchFile():
		return ui.Errorf("see https://catalog.ngc.nvidia.com/helm-charts, or: helm search repo --versions", "%w", err)
	case errors.As(err, &address):
		return ui.Errorf("helm pull "+charts.Scheme+"://"+known.ChartHost+"/nvidia/blueprint/charts/CHART.tgz", "%w", err)
	}
	return ui.Errorf("ragenv doctor --online", "%w", err)
}
