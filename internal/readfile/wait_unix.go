//go:build unix

package readfile

import "syscall"

// dontWait keeps open(2) from waiting for the writer of a FIFO. It does not affect regular files.
const dontWait = syscall.O_NONBLOCK
