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
		Usage: "add " + dockersetup.HelperProgram + " to Docker's config.json",
		Description: `Sets credHelpers["nvcr.io"]; with --store, sets credsStore, for every registry. The rest of the file does not change.

Docker stops reading plain-text logins that a helper covers, so they are moved into the keychain first: that of nvcr.io,
and with --store all of them. A login is removed from the file only after it was read back from the keychain. A
credsStore that names another program is never replaced. ragenv docker unconfigure restores the previous configuration.

If nerdctl is installed, credHelpers["nvcr.io:443"] is set as well, since nerdctl asks for its login by that name.

Podman, Buildah and Skopeo also read credHelpers there, but not credsStore. --podman names the helper in Podman's own
configuration instead, for every registry; "podman login" then stores its logins in the keychain.

  # Let Docker log in to nvcr.io with the stored key
  ragenv docker configure

  # Show the change only
  ragenv docker configure --dry-run

  # Keep the logins of every registry in the keychain
  ragenv docker configure --store`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "store", Destination: &o.Store, Usage: "use it for every registry, not only nvcr.io"},
			&cli.BoolFlag{Name: "podman", Destination: &o.Podman, Usage: "configure Podman, Buildah and Skopeo instead"},
			&cli.BoolFlag{Name: "dry-run", Destination: &o.DryRun, Usage: "show what would change, without changing it"},
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
