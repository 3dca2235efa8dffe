package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/setup"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newSetupCommand(p *program) *cli.Command {
	var o setup.Options
	return &cli.Command{
		Name:  "setup",
		Usage: "create the keychain, store your keys, configure Docker",
		Description: `On a terminal it asks step by step. Press Enter to skip a step. Run it again at any time: it asks only for what is
missing. It ends with a check that Docker and commands receive the keys, and shows the command for the first pull.

With --yes, or without a terminal, it asks nothing: it creates the keychain and does what the flags say. The passphrase
comes from RAGENV_PASSPHRASE_FILE or RAGENV_PASSPHRASE, unless --no-passphrase is given.

With a passphrase, each unlock of the file backend takes 256 MiB of memory and about a second, and so does each guess.
In a container with less memory, use --work-factor 15, which takes 32 MiB. Each step down halves the cost of an unlock
and of a guess.

  # Ask step by step
  ragenv setup

  # In a script: a keychain without a passphrase, the exported keys, and Docker
  ragenv setup --yes --no-passphrase --from-env --docker

  # In a container with little memory
  RAGENV_PASSPHRASE_FILE=passphrase ragenv setup --yes --work-factor 15`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "backend", Destination: &o.Backend, Usage: "store keys in `BACKEND`: " + strings.Join(keychain.Backends(), ", ")},
			&cli.BoolFlag{Name: "no-passphrase", Destination: &o.NoPassphrase, Usage: "use no passphrase: anyone who can read your files can read your keys"},
			&cli.IntFlag{Name: "work-factor", Destination: &o.WorkFactor, Usage: "use 2^`N` KiB of memory per unlock, from 14 to 20 (default: 18, which is 256 MiB)"},
			&cli.BoolFlag{Name: "from-env", Destination: &o.FromEnv, Usage: "store keys from the environment, without asking"},
			&cli.BoolFlag{Name: "verify", Destination: &o.Verify, Usage: "check each key with its service, which sends it there"},
			&cli.BoolFlag{Name: "docker", Destination: &o.Docker, Usage: "also configure Docker, without asking"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &o.Yes, Usage: "ask nothing"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			if c.IsSet("work-factor") && (o.WorkFactor < setup.MinWorkFactor || o.WorkFactor > keychain.MaxWorkFactor) {
				return ui.Usagef("ragenv setup --work-factor 16", "--work-factor: from %d to %d", setup.MinWorkFactor, keychain.MaxWorkFactor)
			}
			return setup.Run(s, o)
		},
	}
}
