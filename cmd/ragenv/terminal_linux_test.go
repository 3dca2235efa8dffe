package main

import "golang.org/x/sys/unix"

// echoes reads the terminal's settings.
func echoes(fd int) bool {
	t, err := unix.IoctlGetTermios(fd, unix.TCGETS)
	return err == nil && t.Lflag&unix.ECHO != 0
}
