// Package completion contains the scripts that complete ragenv's words in shells, and completes the names of
// keys and profiles for them.
package completion

import (
	_ "embed"
	"maps"
	"slices"
)

// The scripts contain no command names: at each key press they ask "ragenv __complete".
var (
	//go:embed ragenv.bash
	bash string
	//go:embed ragenv.zsh
	zsh string
	//go:embed ragenv.fish
	fish string
	//go:embed ragenv.ps1
	powerShell string
)

func scripts() map[string]string {
	return map[string]string{"bash": bash, "zsh": zsh, "fish": fish, "powershell": powerShell}
}

// Shells returns the names of the supported shells, sorted.
func Shells() []string { return slices.Sorted(maps.Keys(scripts())) }

// Script returns a shell's script, and false if there is none.
func Script(shell string) (string, bool) {
	script, ok := scripts()[shell]
	return script, ok
}
