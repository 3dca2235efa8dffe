package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/backends"
	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/ui"
)

func newBackendCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "backend",
		Usage: "show or change where keys are stored",
		Description: `Without a command it shows the backends of this system and which of them can be used now. Storing the first key chooses
a backend and writes it to the config file, so a key does not disappear when another backend becomes available.

  # Show the backends of this system
  ragenv backend

  # Move your keys to the file backend
  ragenv backend migrate secret-service file`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.Args().Present() {
				return commandline.UnknownCommand(c, c.Command.Subcommands, "backend")
			}
			return backends.List(s)
		},
		Subcommands: []*cli.Command{newBackendUseCommand(p), newBackendMigrateCommand(p)},
	}
}

func newBackendUseCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "use",
		Usage:     "switch to another backend",
		ArgsUsage: "BACKEND",
		Description: `Stored keys stay where they are; "ragenv backend migrate" moves them. A backend that cannot be used now is refused.

  # Store new keys in pass
  ragenv backend use pass`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv backend", "ragenv backend use takes the name of one backend")
			}
			return backends.Use(s, c.Args().First())
		},
	}
}

func newBackendMigrateCommand(p *program) *cli.Command {
	var o backends.MigrateOptions
	return &cli.Command{
		Name:      "migrate",
		Usage:     "move every key of every profile to another backend",
		ArgsUsage: "FROM TO",
		Description: `Copies every item and reads it back, then writes the new backend to the config file, and only then empties the old one.
You can interrupt it at any point and run it again without losing a key.

It asks before it moves keys to a backend that a reboot empties, such as keyctl, unless --keep or --force is given.

  # Move every key from the Secret Service to the file backend
  ragenv backend migrate secret-service file`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "keep", Destination: &o.Keep, Usage: "also keep the keys in the old backend"},
			&cli.BoolFlag{Name: "force", Destination: &o.Forced, Usage: "do not ask before moving keys to a backend that a reboot empties"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 2 || c.Args().Get(0) == c.Args().Get(1) {
				return ui.Usagef("ragenv backend", "ragenv backend migrate takes the names of two backends, FROM and TO")
			}
			return backends.Migrate(s, c.Args().Get(0), c.Args().Get(1), o)
		},
	}
}
