//go:build unix

package containers

import (
	"os/exec"
	"syscall"
)

// detach gives a program a session of its own: it has no terminal to ask on, and its children, such as ssh, end with it.
func detach(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} }

func kill(cmd *exec.Cmd) error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
