//go:build unix

package readfile

import "syscall"

// dontWait keeps open(2) from waiting for the writer of a FIFO. Reading a regular file is the same with it.
const dontWait = syscall.O_NONBLOCK
