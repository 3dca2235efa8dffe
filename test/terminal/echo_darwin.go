package terminal

import "golang.org/x/sys/unix"

// echoes reports whether a terminal shows what is typed, according to its settings.
func echoes(fd int) bool {
	t, err := unix.IoctlGetTermios(fd, unix.TIOCGETA)
	return err == nil && t.Lflag&unix.ECHO != 0
}
