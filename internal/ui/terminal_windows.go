package ui

import (
	"os"

	"golang.org/x/sys/windows"
)

var endingSignals = []os.Signal{os.Interrupt}

func openTTY() (in, out *os.File, err error) {
	in, err = os.OpenFile("CONIN$", os.O_RDWR, 0)
	if err != nil {
		return nil, nil, err
	}
	out, err = os.OpenFile("CONOUT$", os.O_RDWR, 0)
	if err != nil {
		_ = in.Close()
		return nil, nil, err
	}
	return in, out, nil
}

// reraise ends the program: Ctrl-C is a byte in raw mode, but Ctrl-Break and other programs send an interrupt, and with the
// echo back on a prompt that went on would show the secret.
func reraise(os.Signal) { _ = windows.TerminateProcess(windows.CurrentProcess(), CodeInterrupted) }
