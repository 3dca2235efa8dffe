//go:build unix

package program

import (
	"os/exec"
	"syscall"
)

// Detach gives a program its own session, so it has no terminal for questions, and its children, such as
// ssh, can be killed with it.
func Detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

// Kill ends a program that Detach prepared, and its children.
func Kill(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
