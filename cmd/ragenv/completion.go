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
		Usage:     "print a shell completion script",
		ArgsUsage: "SHELL",
		Description: `SHELL is one of ` + strings.Join(completion.Shells(), ", ") + `. "make install" installs those for bash, fish and zsh.

It completes commands, flags, names of stored keys (never a value), profiles and backends; after "--" it completes the
command as the shell does. It never asks for a passphrase.

  # In the current shell, or in its start-up file
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
