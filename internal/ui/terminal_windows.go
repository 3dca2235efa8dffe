package ui

import (
	"os"
	"time"

	"golang.org/x/sys/windows"
	"golang.org/x/term"
)

var (
	endingSignals   = []os.Signal{os.Interrupt}
	stoppingSignals []os.Signal
)

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

// reraise ends the program. In raw mode Ctrl-C is a byte, but Ctrl-Break and other programs send an
// interrupt. If the prompt continued after that with the echo on, it would show the secret.
func reraise(os.Signal) { _ = windows.TerminateProcess(windows.CurrentProcess(), CodeInterrupted) }

// answerSignals does nothing: Windows has no such signals.
func answerSignals() (stop func()) { return func() {} }

// sendSignal does nothing: Windows has no stopped jobs, and Ctrl-C ends a prompt.
func sendSignal(signalKey) {}

func isStop(os.Signal) bool { return false }

func isContinue(os.Signal) bool { return false }

func stopSelf() bool { return false }

// terminalState holds a console's input mode.
type terminalState struct{ mode uint32 }

func stateOf(console *os.File) (*terminalState, error) {
	var s terminalState
	err := windows.GetConsoleMode(windows.Handle(console.Fd()), &s.mode)
	return &s, err
}

func (s *terminalState) setRaw(console *os.File) error {
	if _, err := term.MakeRaw(int(console.Fd())); err != nil {
		return err
	}
	return discardInput(console)
}

// setQuiet turns off only the echo.
func (s *terminalState) setQuiet(console *os.File) error {
	_ = discardInput(console)
	return windows.SetConsoleMode(windows.Handle(console.Fd()), s.mode&^windows.ENABLE_ECHO_INPUT)
}

func (s *terminalState) restore(console *os.File) error {
	_ = discardInput(console)
	return windows.SetConsoleMode(windows.Handle(console.Fd()), s.mode)
}

// discardInput discards unread input.
func discardInput(console *os.File) error {
	return windows.FlushConsoleInputBuffer(windows.Handle(console.Fd()))
}

// inputWithin returns false without waiting: a console's buffer also has events that are not input, so a
// read could block. discardInput drops what is there.
func inputWithin(*os.File, time.Duration) bool { return false }

// showsColors turns on a console's control sequences, and reports whether it supports them. Consoles before
// Windows 10 do not.
func showsColors(console *os.File, _ func(string) string) bool {
	var mode uint32
	handle := windows.Handle(console.Fd())
	if windows.GetConsoleMode(handle, &mode) != nil {
		return false
	}
	return windows.SetConsoleMode(handle, mode|windows.ENABLE_VIRTUAL_TERMINAL_PROCESSING) == nil
}
