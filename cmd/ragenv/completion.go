package main

import (
	"io"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/completion"
	"github.com/ragenv/ragenv/internal/ui"
)

func newCompletionCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that completes ragenv's words in a shell",
		ArgsUsage: "SHELL",
		Description: `SHELL is one of ` + strings.Join(completion.Shells(), ", ") + `. "make install" puts the scripts of the first three where the
shells look for them.

It completes commands, flags, the names of stored keys (never a value), profiles and backends, and after "--" what the shell itself
completes for the command. It never asks for a passphrase.

  # In a shell that runs already, or in its start-up file
  source <(ragenv completion bash)
  source <(ragenv completion zsh)
  ragenv completion fish | source
  ragenv completion powershell | Out-String | Invoke-Expression`,
		Action: func(c *cli.Context) error {
			script, ok := completion.Script(c.Args().First())
			if !ok || c.NArg() != 1 {
				return ui.Usagef("ragenv completion bash", "ragenv completion takes the name of one shell: %s", strings.Join(completion.Shells(), ", "))
			}
			_, err := io.WriteString(p.stdout, script)
			return err
		},
	}
}
