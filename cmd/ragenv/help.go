package main

import (
	"slices"

	"github.com/urfave/cli/v2"
)

func newHelpCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "help",
		Usage:     "show the help of a command",
		ArgsUsage: "[COMMAND...]",
		Action: func(c *cli.Context) error {
			return newApp(p).Run(slices.Concat([]string{programName}, c.Args().Slice(), []string{"--help"}))
		},
	}
}
