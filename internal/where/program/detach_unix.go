//go:build unix

package program

import (
	"os/exec"
	"syscall"
)

// Detach gives a program a session of its own: it has no terminal to ask on, and its children, such as ssh, end with it.
func Detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// Kill ends a program that Detach prepared, with its children.
func Kill(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
