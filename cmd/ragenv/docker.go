package main

import (
	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/dockersetup"
)

func newDockerCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "docker",
		Usage: "let Docker log in to nvcr.io with the stored key",
		Description: `Docker's config.json names the programs that give Docker its logins. These commands add
` + dockersetup.HelperProgram + ` to it, or remove it. $DOCKER_CONFIG is honored.

  # Let Docker log in to nvcr.io with the stored key
  ragenv docker configure`,
		Subcommands: []*cli.Command{
			newDockerConfigureCommand(p),
			newDockerUnconfigureCommand(p),
			newDockerStatusCommand(p),
		},
	}
}
