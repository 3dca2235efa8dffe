//go:build unix

package umask

import "syscall"

func init() { syscall.Umask(0o022) }
