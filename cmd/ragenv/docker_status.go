package main

import (
	"errors"
	"fmt"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newDockerStatusCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "show where Docker's logins come from",
		Description: `Reads config.json and asks the keychain what it has, never for a value.

  # Show what Docker asks for which registry
  ragenv docker status`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runDockerStatus(s)
		},
	}
}

func runDockerStatus(s *session) error {
	f, err := dockerconfig.Load(s.dockerConfigPath())
	if err != nil {
		return dockerConfigError(err)
	}
	path := f.Path()
	if !f.Exists() {
		path += " (not there yet)"
	}
	helper, err := findHelper()
	if err != nil {
		helper = "not on PATH"
	}
	key, err := s.registryKey()
	if err != nil {
		return err
	}
	rows := [][2]string{
		{"config", path},
		{"asked for " + serverurl.NGC, describeHelper(helperFor(f))},
		{"asked for others", describeHelper(f.CredsStore(), "credsStore")},
	}
	if findPodman() != "" {
		rows = append(rows, [2]string{"asked by Podman", s.describePodman(f)})
	}
	w := tabwriter.NewWriter(ui.Shown(s.stdout), 0, 0, 2, ' ', 0)
	for _, row := range append(rows, [][2]string{
		{helperProgram, helper},
		{"key for " + serverurl.NGC, key},
		{"logins in plain text", describeAuths(f)},
	}...) {
		_, _ = fmt.Fprintf(w, "%s\t%s\n", row[0], row[1])
	}
	if err := w.Flush(); err != nil {
		return err
	}
	if name, _ := helperFor(f); name != helperName && !s.isWindowsHelper(name) {
		s.hint("ragenv docker configure")
	} else {
		s.warnOfMissingHelper()
	}
	return nil
}

func describeHelper(name, setting string) string {
	if name == "" {
		return "no helper: Docker keeps logins in config.json"
	}
	return "docker-credential-" + name + " (" + setting + ")"
}

func describeAuths(f *dockerconfig.File) string {
	auths := f.PlaintextAuths()
	if len(auths) == 0 {
		return "none"
	}
	text := ""
	for i, auth := range auths {
		if i > 0 {
			text += ", "
		}
		text += auth.Server
	}
	return text
}

// registryKey says what the helper would answer for nvcr.io, without unlocking anything.
func (s *session) registryKey() (string, error) {
	known, _ := secrets.ForRegistry(serverurl.NGC)
	k, err := s.quietOpener().Read()
	if err != nil && !errors.Is(err, keychain.ErrNoStore) {
		return "", err
	}
	if err == nil {
		own := keychain.Ref{Profile: s.config.Profile, Kind: keychain.KindRegistry, Name: serverurl.NGC}
		for _, ref := range []keychain.Ref{s.envRef(known.Name), own} {
			what := known.Name
			if ref == own {
				what = "a docker login as another user"
			}
			has, err := k.Has(ref)
			if err != nil {
				return "", err
			}
			if !has {
				continue
			}
			if !k.Unlocked() {
				return "stored (" + what + "), but the keychain is locked: " + unlockHint(k), nil
			}
			if ref != own {
				if login, ok := s.loginInstead(k); ok {
					return describeInstead(login) + " answers, not the stored key: " + s.removeLogin() + " removes that login", nil
				}
			}
			return "stored (" + what + ")" + s.inProfile(), nil
		}
	}
	if s.getenv(known.Name) != "" {
		return "not stored: $" + known.Name + " of the environment is used", nil
	}
	return "none: ragenv set " + known.Name, nil
}
