//go:build unix

package main

import (
	"os"
	"syscall"
)

// exitCode returns the exit code that a shell would report: 128 + n for signal n.
func exitCode(state *os.ProcessState) int {
	if status, ok := state.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal())
	}
	return state.ExitCode()
}

// noTerminal starts a command in a session without a terminal.
func noTerminal() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setsid: true} }
