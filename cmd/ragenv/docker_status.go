package main

import (
	"errors"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newDockerStatusCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "status",
		Usage: "show where Docker's logins come from",
		Description: `Reads config.json and the names in the keychain, never a value.

  # Show where Docker gets each registry's login
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

func runDockerStatus(s *session.Session) error {
	f, err := dockerconfig.Load(dockersetup.ConfigPath(s))
	if err != nil {
		return dockersetup.ExplainError(err)
	}
	path := f.Path()
	if !f.Exists() {
		path += " (not there yet)"
	}
	helper, err := dockersetup.FindHelper()
	if err != nil {
		helper = "not on PATH"
	}
	key, err := registryKey(s)
	if err != nil {
		return err
	}
	rows := [][]string{
		{"config", path},
		{"asked for " + serverurl.NGC, describeHelper(f.HelperFor(serverurl.NGC))},
		{"asked for others", describeHelper(f.CredsStore(), "credsStore")},
	}
	if dockersetup.FindPodman() != "" {
		rows = append(rows, []string{"asked by Podman", dockersetup.DescribePodman(s, f)})
	}
	rows = append(rows, [][]string{
		{dockersetup.HelperProgram, helper},
		{"key for " + serverurl.NGC, key},
		{"logins in plain text", describeAuths(f)},
	}...)
	if err := ui.StyleFor(s.Stdout, s.Getenv).Table(s.Stdout, rows); err != nil {
		return err
	}
	if name, _ := f.HelperFor(serverurl.NGC); name != dockersetup.HelperName && !credentialhelper.IsWindowsHelper(s.Getenv, name) {
		s.Hint("ragenv docker configure")
	} else {
		dockersetup.WarnOfMissingHelper(s)
	}
	return nil
}

func describeHelper(name, setting string) string {
	if name == "" {
		return "no helper: Docker keeps logins in config.json"
	}
	return dockerconfig.HelperPrefix + name + " (" + setting + ")"
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

// registryKey describes what the helper would answer for nvcr.io, without unlocking anything.
func registryKey(s *session.Session) (string, error) {
	known, _ := secrets.ForRegistry(serverurl.NGC)
	k, err := s.QuietOpener().Read()
	if err != nil && !errors.Is(err, keychain.ErrNoStore) {
		return "", err
	}
	if err == nil {
		own := keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: serverurl.NGC}
		for _, ref := range []keychain.Ref{s.EnvRef(known.Name), own} {
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
				if login, ok := s.LoginInstead(k); ok {
					return session.DescribeInstead(login) + " answers, not the stored key: " + s.Print.Completed(session.RemoveLogin) + " removes that login", nil
				}
			}
			return "stored (" + what + ")" + s.InProfile(), nil
		}
	}
	if s.Getenv(known.Name) != "" {
		return "not stored: $" + known.Name + " of the environment is used", nil
	}
	return s.Print.Completed("none: ragenv set " + known.Name), nil
}

// unlockHint says how to unlock a keychain on this machine and keep it unlocked for Docker's helper.
func unlockHint(k *keychain.Keychain) string {
	if k.Backend() != keychain.BackendFile {
		return "ragenv unlock"
	}
	return passphrase.UnlockHint()
}
