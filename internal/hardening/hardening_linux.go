// Package hardening keeps secrets in this process's memory out of core dumps and other processes.
package hardening

import "golang.org/x/sys/unix"

// Undumpable disables core dumps of this process. It also stops other processes of the same user from
// tracing it and from reading its memory or environment through /proc (PR_SET_DUMPABLE, prctl(2)). execve
// resets it, so a command that replaces this process is not affected. If the kernel refuses, nothing
// changes.
func Undumpable() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
