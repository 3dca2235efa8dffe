package main

import (
	"path/filepath"
	"runtime"
)

// forgetLine says how the line that was just typed is removed from the history of the user's shell.
//
// Sources: bash's manual, "Bash History Builtins" (-1 is the history command itself); fish's "history delete"; zsh writes its
// history file when it ends, and PSReadLine at once.
func forgetLine(getenv func(string) string) string {
	switch filepath.Base(getenv("SHELL")) {
	case "bash":
		return "history -d -2 removes it now"
	case "fish":
		return "history delete --contains 'ragenv set' removes it"
	case "zsh":
		return "close this shell, then delete the line from ~/.zsh_history"
	}
	if runtime.GOOS == "windows" {
		return "delete the line from the file (Get-PSReadLineOption).HistorySavePath"
	}
	return "delete the line there"
}
