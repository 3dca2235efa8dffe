//go:build !unix

package program

import "os/exec"

// Detach does nothing here.
func Detach(*exec.Cmd) {}

// Kill ends a program.
func Kill(cmd *exec.Cmd) error { return cmd.Process.Kill() }
