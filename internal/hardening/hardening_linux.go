// Package hardening keeps secrets in this process's memory out of core dumps and other processes.
package hardening

import "golang.org/x/sys/unix"

// Undumpable forbids core dumps of this process, and other processes of the same user to trace it or to read its memory
// or environment through /proc (PR_SET_DUMPABLE, prctl(2)). execve resets it, so a command that takes this process's
// place is not touched. Where the kernel refuses, nothing changes.
func Undumpable() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, 0, 0, 0, 0) }
