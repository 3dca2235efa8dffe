package main

import (
	"os"
	"syscall"
)

func exitCode(state *os.ProcessState) int { return state.ExitCode() }

// noTerminal starts a command without a console.
func noTerminal() *syscall.SysProcAttr { return &syscall.SysProcAttr{HideWindow: true} }
