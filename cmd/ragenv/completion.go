package main

import (
	_ "embed"
	"io"
	"maps"
	"slices"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/ui"
)

// The scripts know nothing of ragenv's commands: at each press of the key they ask "ragenv __complete".
var (
	//go:embed completion/ragenv.bash
	completionBash string
	//go:embed completion/ragenv.zsh
	completionZsh string
	//go:embed completion/ragenv.fish
	completionFish string
	//go:embed completion/ragenv.ps1
	completionPowerShell string
)

var completionScripts = map[string]string{"bash": completionBash, "zsh": completionZsh, "fish": completionFish, "powershell": completionPowerShell}

func completionShells() []string { return slices.Sorted(maps.Keys(completionScripts)) }

func newCompletionCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "completion",
		Usage:     "print the script that completes ragenv's words in a shell",
		ArgsUsage: "SHELL",
		Description: `SHELL is one of ` + strings.Join(completionShells(), ", ") + `. "make install" puts the scripts of the first three where the
shells look for them.

It completes commands, flags, the names of stored keys (never a value), profiles and backends, and after "--" what the shell itself
completes for the command. It never asks for a passphrase.

  # In a shell that runs already, or in its start-up file
  source <(ragenv completion bash)
  source <(ragenv completion zsh)
  ragenv completion fish | source
  ragenv completion powershell | Out-String | Invoke-Expression`,
		Action: func(c *cli.Context) error {
			script, ok := completionScripts[c.Args().First()]
			if !ok || c.NArg() != 1 {
				return ui.Usagef("ragenv completion bash", "ragenv completion takes the name of one shell: %s", strings.Join(completionShells(), ", "))
			}
			_, err := io.WriteString(p.stdout, script)
			return err
		},
	}
}
