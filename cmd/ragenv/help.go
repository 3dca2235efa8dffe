package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
)

func newHelpCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "show the help of a command",
		ArgsUsage: "[COMMAND...]",
		Action: func(c *cli.Context) error {
			return commandline.Run(newApp(p), slices.Concat(c.Args().Slice(), []string{"--help"}))
		},
	}
}
