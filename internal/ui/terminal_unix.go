//go:build unix

package ui

import (
	"os"
	"os/signal"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

var (
	endingSignals = []os.Signal{syscall.SIGINT, syscall.SIGTERM, syscall.SIGHUP, syscall.SIGQUIT}
	// SIGCONT: after a SIGSTOP, which no program sees, the shell has set other modes.
	stoppingSignals = []os.Signal{syscall.SIGTSTP, syscall.SIGCONT}
)

func openTTY() (in, out *os.File, err error) {
	tty, err := os.OpenFile("/dev/tty", os.O_RDWR, 0)
	return tty, tty, err
}

// quit ends the program as SIGQUIT does, for which Go's runtime would print all stacks.
func quit() { syscall.Exit(128 + int(syscall.SIGQUIT)) }

// answerSignals does what Ctrl-Z and Ctrl-\ do by default, until stop is called. Go's runtime ignores
// SIGTSTP after signal.Notify, which a hidden prompt calls.
func answerSignals() (stop func()) {
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, syscall.SIGTSTP, syscall.SIGQUIT)
	go func() {
		for sig := range signals {
			if sig == syscall.SIGQUIT {
				quit()
			}
			stopSelf()
		}
	}()
	return func() {
		signal.Stop(signals)
		close(signals)
	}
}

// reraise makes a signal take its default effect.
func reraise(sig os.Signal) {
	if sig == syscall.SIGQUIT {
		quit()
	}
	signal.Reset(sig)
	if number, ok := sig.(syscall.Signal); ok {
		_ = syscall.Kill(os.Getpid(), number)
	}
}

// sendSignal sends the foreground job the signal for a key, because the terminal does not do so in raw
// mode.
func sendSignal(key signalKey) {
	_ = syscall.Kill(0, map[signalKey]syscall.Signal{suspendKey: syscall.SIGTSTP, quitKey: syscall.SIGQUIT}[key])
}

func isStop(sig os.Signal) bool { return sig == syscall.SIGTSTP }

func isContinue(sig os.Signal) bool { return sig == syscall.SIGCONT }

// stopSelf stops this process as SIGTSTP does, and returns true when it continues. It uses SIGSTOP because
// Go's runtime keeps its SIGTSTP handler after signal.Reset. In a session without job control, where no
// shell could continue it, it does nothing.
func stopSelf() bool {
	session, err := unix.Getsid(0)
	if err != nil || session == unix.Getpgrp() {
		return false
	}
	_ = syscall.Kill(os.Getpid(), syscall.SIGSTOP)
	time.Sleep(50 * time.Millisecond) // the signal may reach another thread after Kill returns
	return true
}

// terminalState holds a terminal's modes.
type terminalState struct{ unix.Termios }

func stateOf(tty *os.File) (*terminalState, error) {
	termios, err := unix.IoctlGetTermios(int(tty.Fd()), ioctlGet)
	if err != nil {
		return nil, err
	}
	return &terminalState{*termios}, nil
}

// setRaw turns off echo, line editing and signals. Output is unchanged.
func (s *terminalState) setRaw(tty *os.File) error {
	raw := s.Termios
	raw.Iflag &^= unix.IGNBRK | unix.BRKINT | unix.PARMRK | unix.ISTRIP | unix.INLCR | unix.IGNCR | unix.ICRNL | unix.IXON
	raw.Lflag &^= unix.ECHO | unix.ECHONL | unix.ICANON | unix.ISIG | unix.IEXTEN
	raw.Cflag = raw.Cflag&^(unix.CSIZE|unix.PARENB) | unix.CS8
	raw.Cc[unix.VMIN], raw.Cc[unix.VTIME] = 1, 0
	return unix.IoctlSetTermios(int(tty.Fd()), ioctlSetFlush, &raw)
}

// setQuiet turns off only the echo.
func (s *terminalState) setQuiet(tty *os.File) error {
	quiet := s.Termios
	quiet.Lflag &^= unix.ECHO | unix.ECHONL
	return unix.IoctlSetTermios(int(tty.Fd()), ioctlSetFlush, &quiet)
}

func (s *terminalState) restore(tty *os.File) error {
	return unix.IoctlSetTermios(int(tty.Fd()), ioctlSetFlush, &s.Termios)
}

// discardInput discards unread input.
func discardInput(tty *os.File) error {
	termios, err := unix.IoctlGetTermios(int(tty.Fd()), ioctlGet)
	if err != nil {
		return err
	}
	return unix.IoctlSetTermios(int(tty.Fd()), ioctlSetFlush, termios)
}

// inputWithin reports whether input becomes available within limit.
func inputWithin(tty *os.File, limit time.Duration) bool {
	fds := []unix.PollFd{{Fd: int32(tty.Fd()), Events: unix.POLLIN}}
	for {
		n, err := unix.Poll(fds, int(limit.Milliseconds()))
		if err != unix.EINTR {
			return err == nil && n > 0 && fds[0].Revents&unix.POLLIN != 0
		}
	}
}

// showsColors reports whether the terminal is named at all.
func showsColors(_ *os.File, getenv func(string) string) bool { return getenv("TERM") != "" }
