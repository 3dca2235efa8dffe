//go:build unix && !linux

package ui

import "golang.org/x/sys/unix"

const ioctlGet, ioctlSetFlush = unix.TIOCGETA, unix.TIOCSETAF
