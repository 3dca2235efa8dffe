//go:build unix

package ui

import (
	"os"
	"os/signal"
	"syscall"
)

var endingSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}

func openTTY() (in, out *os.File, err error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return tty, tty, err
}

// reraise lets a signal do what it does without us.
func reraise(sig os.Signal) {
	signal.Reset(sig)
	if number, ok := sig.(syscall.Signal); ok {
		_ = syscall.Kill(os.Getpid(), number)
	}
}
