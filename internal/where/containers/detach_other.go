//go:build !unix

package containers

import "os/exec"

func detach(*exec.Cmd) {}

func kill(cmd *exec.Cmd) error { return cmd.Process.Kill() }
