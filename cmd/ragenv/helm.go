package main

import "github.com/urfave/cli/v2"

func newHelmCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "helm",
		Usage: "let Helm fetch NVIDIA's charts with the stored key",
		Description: `Helm asks a plugin for addresses that begin with ngc://. These commands install that plugin, for Helm 3 and 4, and
remove it. The key is then in no argument and in no repositories.yaml.

  # Let Helm fetch NVIDIA's charts with the stored key
  ragenv helm configure`,
		Subcommands: []*cli.Command{
			newHelmConfigureCommand(p),
			newHelmUnconfigureCommand(p),
			newHelmFetchCommand(p),
		},
	}
}
