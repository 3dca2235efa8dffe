package main

import (
	"errors"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/cmd/internal/config"
	"github.com/ragenv/ragenv/cmd/internal/dockerconfig"
	"github.com/ragenv/ragenv/cmd/internal/opener"
	"github.com/ragenv/ragenv/cmd/internal/passphrase"
	"github.com/ragenv/ragenv/cmd/internal/secrets"
	"github.com/ragenv/ragenv/cmd/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

type setupOptions struct {
	backend                   string
	noPassphrase, docker, yes bool
}

func newSetupCommand(p *program) *cli.Command {
	var o setupOptions
	return &cli.Command{
		Name:  "setup",
		Usage: "make the keychain, store the keys, configure Docker",
		Description: `On a terminal it asks step by step; every step can be left out, and run again. With --yes, or without a terminal, it asks
nothing: it makes the keychain and, with --docker, configures Docker. The passphrase then comes from RAGENV_PASSPHRASE_FILE or
RAGENV_PASSPHRASE, unless there is to be none.

  ragenv setup --yes --no-passphrase --docker`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "backend", Destination: &o.backend, Usage: "keep the keys in `BACKEND`: " + strings.Join(keychain.Backends(), ", ")},
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.noPassphrase, Usage: "no passphrase: whoever reads your files then reads your keys"},
			&cli.BoolFlag{Name: "docker", Destination: &o.docker, Usage: "configure Docker too, without asking"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.yes, Usage: "ask nothing"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := noArguments(c); err != nil {
				return err
			}
			return runSetup(s, o)
		},
	}
}

func runSetup(s *session, o setupOptions) error {
	var terminal *ui.Terminal
	if !o.yes {
		if t, err := ui.OpenTerminal(); err == nil {
			terminal = t
			defer terminal.Close()
		}
	}
	if err := s.chooseBackend(o.backend); err != nil {
		return err
	}
	if err := s.makeKeychain(o, terminal); err != nil {
		return err
	}
	if terminal != nil {
		if err := s.askForKeys(terminal); err != nil {
			return err
		}
	}
	configure := o.docker
	if terminal != nil && !configure {
		var err error
		if configure, err = s.askForDocker(terminal); err != nil {
			return err
		}
	}
	if configure {
		if err := runDockerConfigure(s, dockerConfigureOptions{}); err != nil {
			return err
		}
	}
	if terminal != nil {
		return s.sayWhatNext(terminal)
	}
	return nil
}

func (s *session) sayWhatNext(terminal *ui.Terminal) error {
	terminal.Printf("\nDone. Run your commands with the keys like this:\n\n  ragenv%s -- docker compose up\n\n", s.forProfile())
	k, err := s.opener().Read()
	if err != nil {
		return err
	}
	if protected, err := k.Protected(); err != nil || !protected {
		return err
	}
	terminal.Printf("Docker itself cannot ask for the passphrase. Before docker pull: ragenv unlock --for 8h\n\n")
	return nil
}

// chooseBackend pins the backend that was named.
func (s *session) chooseBackend(name string) error {
	switch {
	case name == "" || name == s.config.Backend:
		return nil
	case !slices.Contains(keychain.Backends(), name):
		return ui.Usagef("ragenv setup --backend "+keychain.BackendFile, "there is no backend %.40q here, only: %s", name, strings.Join(keychain.Backends(), ", "))
	case s.config.Backend != "":
		return ui.Errorf("ragenv backend", "keys are kept in the %s backend (%s)", s.config.Backend, s.config.OriginOf(config.KeyBackend))
	}
	if _, err := s.opener().Open(name); err != nil && !errors.Is(err, keychain.ErrNoStore) {
		return err
	}
	return s.config.Pin(config.KeyBackend, name)
}

// makeKeychain opens the keychain for writing, which makes it where there is none.
func (s *session) makeKeychain(o setupOptions, terminal *ui.Terminal) error {
	existed := keychain.FileStoreExists(s.config.Paths.Store)
	k, err := s.setupOpener(o, terminal).Write()
	if err != nil {
		return err
	}
	if k.Backend() != keychain.BackendFile {
		s.print.Note("keys are kept in the %s backend", k.Backend())
		return nil
	}
	protected, err := k.Protected()
	if err != nil {
		return err
	}
	state := "without a passphrase"
	if protected {
		state = "with a passphrase"
	}
	if existed {
		s.print.Note("the keychain is there already, %s (%s)", state, s.config.Paths.Store)
		if protected && o.noPassphrase {
			s.hint("ragenv passphrase --no-passphrase")
		}
		return nil
	}
	s.print.Note("made the keychain, %s (%s)", state, s.config.Paths.Store)
	return nil
}

func (s *session) setupOpener(o setupOptions, terminal *ui.Terminal) opener.Opener {
	open := s.opener()
	switch {
	case o.noPassphrase:
		open.AskNew = func() ([]byte, error) { return nil, nil }
		open.Getenv = func(name string) string { // the flag comes before a passphrase of the environment
			if name == passphrase.EnvFile || name == passphrase.EnvValue || name == passphrase.EnvCredentials {
				return ""
			}
			return s.getenv(name)
		}
	case terminal == nil:
		open.AskNew = func() ([]byte, error) {
			return nil, ui.Errorf("ragenv setup --yes --no-passphrase (or with a passphrase: export "+passphrase.EnvFile+"=FILE, a file of mode 0600)",
				"the keychain is not there yet, and nothing says which passphrase it gets")
		}
	}
	return open
}

// askForKeys asks for every key that is wanted and not stored.
func (s *session) askForKeys(terminal *ui.Terminal) error {
	k, err := s.opener().Read()
	if err != nil {
		return err
	}
	for _, known := range secrets.All() {
		if !known.Wanted {
			continue
		}
		has, err := k.Has(s.envRef(known.Name))
		if err != nil {
			return err
		}
		terminal.Printf("\n%s (%s)\n", known.Title, known.Name)
		if has {
			terminal.Printf("  is stored.\n")
			continue
		}
		value, err := s.askForKey(terminal, known)
		if err != nil {
			return err
		}
		if value == "" {
			terminal.Printf("  Left out. Later: ragenv set%s %s\n", s.forProfile(), known.Name)
			continue
		}
		if err := s.store(keychain.Item{Ref: s.envRef(known.Name), Secret: keychain.NewSecret(value)}, false); err != nil {
			return err
		}
	}
	return nil
}

// askForKey returns a key that has the shape of one, from the environment or the person; empty to leave it out.
func (s *session) askForKey(terminal *ui.Terminal, known secrets.Secret) (string, error) {
	if value := s.getenv(known.Name); value != "" && validate.Worst(validate.Check(known.Kind, value)) < validate.Unusual {
		yes, err := terminal.Confirm("  $"+known.Name+" is set in this shell. Store that key?", true)
		if err != nil || yes {
			return value, err
		}
	}
	terminal.Printf("  Get one at %s:\n  %s.\n", known.Docs, known.Steps)
	for {
		secret, err := terminal.ReadSecret("  Paste it here (hidden; empty to leave it out): ")
		if err != nil || len(secret) == 0 {
			return "", err
		}
		value := string(secret)
		findings := validate.Check(known.Kind, value)
		for _, finding := range findings {
			terminal.Printf("  %s: %s.\n", finding.Message, finding.Hint)
		}
		switch worst := validate.Worst(findings); worst {
		case validate.Refuse:
			continue
		case validate.Unusual:
			yes, err := terminal.Confirm("  Store it all the same?", false)
			if err != nil {
				return "", err
			}
			if !yes {
				continue
			}
		}
		return value, nil
	}
}

// askForDocker asks whether to configure Docker, unless it is.
func (s *session) askForDocker(terminal *ui.Terminal) (bool, error) {
	f, err := dockerconfig.Load(s.dockerConfigPath())
	if err != nil {
		return false, dockerConfigError(err)
	}
	terminal.Printf("\nDocker\n")
	if name, _ := helperFor(f); name == helperName {
		terminal.Printf("  asks %s for nvcr.io already.\n", helperProgram)
		return false, nil
	}
	return terminal.Confirm("  Let Docker log in to nvcr.io with the stored key ("+f.Path()+")?", true)
}
