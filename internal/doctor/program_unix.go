//go:build unix

package doctor

import (
	"os/exec"
	"syscall"
)

// detach runs a program in its own session: it has no terminal to prompt on, and its children are killed
// with it.
func detach(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
}
