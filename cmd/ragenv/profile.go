package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/profiles"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newProfileCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "profile",
		Usage: "manage separate sets of keys",
		Description: `A profile has its own keys and registry logins. Storing the first key in a profile creates it. The first of these names
the active profile; Docker's helper follows all but the flag:

  1  --profile NAME
  2  RAGENV_PROFILE
  3  the config file, written by ragenv profile use
  4  "default"

  # Store a second NGC key, and use it once
  ragenv set NGC_API_KEY --profile work
  ragenv --profile work -- docker compose up`,
		Subcommands: []*cli.Command{
			newProfileListCommand(p), newProfileUseCommand(p), newProfileCopyCommand(p), newProfileRmCommand(p),
		},
	}
}

func newProfileListCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the profiles and what they hold",
		Description: `The active profile is marked with a star.

  # Show every profile
  ragenv profile list`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return profiles.List(s)
		},
	}
}

func newProfileUseCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "use",
		Usage:     "switch to a profile",
		ArgsUsage: "PROFILE",
		Description: `Writes the profile to the config file. RAGENV_PROFILE and --profile still come first.

  # Switch to the profile work
  ragenv profile use work`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv profile list", "ragenv profile use takes the name of one profile")
			}
			if err := profileName(c, c.Args().First()); err != nil {
				return err
			}
			return profiles.Use(s, c.Args().First())
		},
	}
}

func newProfileCopyCommand(p *program) *cli.Command {
	var forced bool
	return &cli.Command{
		Name:      "copy",
		Usage:     "copy all keys and logins to another profile",
		ArgsUsage: "FROM TO",
		Description: `Existing items of the other profile are kept, unless --force is given.

  # Start the profile work with the default profile's keys
  ragenv profile copy default work`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "replace existing items"}},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 2 || c.Args().Get(0) == c.Args().Get(1) {
				return ui.Usagef("ragenv profile list", "ragenv profile copy takes the names of two profiles, FROM and TO")
			}
			for _, profile := range c.Args().Slice() {
				if err := profileName(c, profile); err != nil {
					return err
				}
			}
			return profiles.Copy(s, c.Args().Get(0), c.Args().Get(1), forced)
		},
	}
}

func newProfileRmCommand(p *program) *cli.Command {
	var yes, forced bool
	return &cli.Command{
		Name:      "rm",
		Usage:     "remove a profile and everything in it",
		ArgsUsage: "PROFILE",
		Description: `Asks for confirmation, and refuses to remove a key that cannot be regenerated, unless --force is given.

  # Remove the keys and logins of profile work
  ragenv profile rm work`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &yes, Usage: "do not ask"},
			&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "do not ask, and also remove keys that cannot be regenerated"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv profile list", "ragenv profile rm takes the name of one profile")
			}
			if err := profileName(c, c.Args().First()); err != nil {
				return err
			}
			return profiles.Remove(s, c.Args().First(), yes, forced)
		},
	}
}

// profileName validates a profile name given as an argument.
func profileName(c *cli.Context, profile string) error {
	if secrets.LooksLikeKey(profile) {
		return ui.Usagef(commandline.HelpHint(c), "%w: a key cannot be a profile", keychain.ErrInvalidName)
	}
	if err := keychain.ValidateProfile(profile); err != nil {
		return ui.Usagef(commandline.HelpHint(c), "%w", err)
	}
	return nil
}
