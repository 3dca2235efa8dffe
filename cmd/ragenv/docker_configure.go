package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/dockersetup"
	"github.com/ragenv/ragenv/internal/ui"
)

func newDockerConfigureCommand(p *program) *cli.Command {
	var o dockersetup.Options
	return &cli.Command{
		Name:  "configure",
		Usage: "name " + dockersetup.HelperProgram + " in Docker's config.json",
		Description: `Sets credHelpers["nvcr.io"], and with --store credsStore, for every registry. Nothing else in the file is touched.

Docker would no longer see a login that the file has in plain text, so it is moved into the keychain first: that of nvcr.io,
and with --store all of them. A login is removed from the file only after it was read back from the keychain. A credsStore of another
name is never replaced. ragenv docker unconfigure puts back what was there.

Where nerdctl is installed, credHelpers["nvcr.io:443"] is set as well: its login goes by that name.

Podman, Buildah and Skopeo read credHelpers there, too, but not credsStore. With --podman the helper is named in Podman's own
configuration instead, for every registry; "podman login" then keeps its logins in the keychain as well.

  # Let Docker log in to nvcr.io with the stored key
  ragenv docker configure

  # Show the change without making it
  ragenv docker configure --dry-run

  # Keep the logins of every registry in the keychain
  ragenv docker configure --store`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "store", Destination: &o.Store, Usage: "for every registry, not only nvcr.io"},
			&cli.BoolFlag{Name: "podman", Destination: &o.Podman, Usage: "for Podman, Buildah and Skopeo, in their own configuration"},
			&cli.BoolFlag{Name: "dry-run", Destination: &o.DryRun, Usage: "show what would change, and change nothing"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			if o.Podman && o.Store {
				return ui.Usagef("ragenv docker configure --store && ragenv docker configure --podman", "--store and --podman are for different files")
			}
			if o.Podman {
				return dockersetup.ConfigurePodman(s, o.DryRun)
			}
			return dockersetup.Configure(s, o)
		},
	}
}
