package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/rotation"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
)

func newRotateCommand(p *program) *cli.Command {
	o := rotation.Options{ValueFrom: session.ValueFrom{Command: "rotate"}}
	var undo, confirm, restart, yes bool
	return &cli.Command{
		Name:      "rotate",
		Usage:     "replace a key, with a way to undo it",
		ArgsUsage: "NAME",
		Description: `Reads the new key as "ragenv set" does, checks its form, checks it with its service where possible, and replaces the old
one in one write. Docker and the next command use it at once. The old key is kept for a week, or until "ragenv rotate
--confirm NAME"; "ragenv rotate --undo NAME" restores it.

At the end it lists what still has the old key. "ragenv rotate NAME --restart" shows the docker compose commands that
recreate these services with the new key, asks, runs them, and searches again. "ragenv where NAME" shows everything that
was found.

  # Replace a key, and record when the new one expires
  ragenv rotate NGC_API_KEY --expires 90d

  # Recreate the Compose services that still have the old key
  ragenv rotate NGC_API_KEY --restart

  # Forget the old key at once
  ragenv rotate NGC_API_KEY --confirm`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "undo", Destination: &undo, Usage: "restore the previous key; again to swap back"},
			&cli.BoolFlag{Name: "confirm", Destination: &confirm, Usage: "delete the previous key: the new one works"},
			&cli.BoolFlag{Name: "restart", Destination: &restart, Usage: "recreate Compose services that still have the old key"},
			&cli.BoolFlag{Name: "yes", Aliases: []string{"y"}, Destination: &yes, Usage: "with --restart, do not ask"},
			&cli.BoolFlag{Name: "from-env", Destination: &o.FromEnv, Usage: "read the value from the environment variable NAME"},
			&cli.StringFlag{Name: "expires", Destination: &o.Expires, Usage: "record when the new key expires: `WHEN` is a date (2027-01-31), a duration (90d, 12w) or never"},
			&cli.BoolFlag{Name: "offline", Destination: &o.Offline, Usage: "do not check the key with its service"},
			&cli.BoolFlag{Name: "force", Destination: &o.Forced, Usage: "accept an unusual value, or one that the service refuses"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv rotate "+secrets.NGCAPIKey, "ragenv rotate takes one name")
			}
			o.Name = c.Args().First()
			if err := envName(c, o.Name); err != nil {
				return err
			}
			if undo && confirm || undo && restart || confirm && restart {
				return ui.Usagef(commandline.HelpHint(c), "use only one of --undo, --confirm and --restart")
			}
			if yes && !restart {
				return ui.Usagef("ragenv rotate --restart --yes "+o.Name, "--yes needs --restart")
			}
			switch {
			case undo:
				return rotation.Undo(s, o.Name)
			case confirm:
				return rotation.Confirm(s, o.Name)
			case restart:
				return rotation.Restart(s, o.Name, yes)
			}
			return rotation.Rotate(s, o)
		},
	}
}
