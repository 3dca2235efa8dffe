package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
)

func newHelmUnconfigureCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "unconfigure",
		Usage: "remove the Helm plugin",
		Description: `Removes what ragenv helm configure wrote. Repositories added as ngc:// stay in Helm's list and no longer work; remove
them with helm repo remove NAME.

  # Remove the plugin
  ragenv helm unconfigure`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			plugin, err := helmPlugin(s)
			if err != nil {
				return err
			}
			removed, err := plugin.Remove()
			switch {
			case err != nil:
				return explainHelm(plugin, err)
			case removed:
				s.Print.Note("removed %s", plugin.Dir)
			default:
				s.Print.Note("nothing to remove: there is no %s", plugin.Dir)
			}
			return nil
		},
	}
}
