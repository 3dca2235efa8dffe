package ui

import (
	"errors"
	"fmt"
	"os"
	"os/signal"
	"strings"
	"unicode/utf8"

	"golang.org/x/term"
)

// ErrNoTerminal: there is no terminal to ask on.
var ErrNoTerminal = errors.New("no terminal to ask on")

// ErrInterrupted: the person pressed Ctrl-C or Ctrl-D at a prompt.
var ErrInterrupted = &Error{Err: errors.New("interrupted"), Code: CodeInterrupted}

// maxAnswer bounds what is read at a prompt, in bytes.
const maxAnswer = 64 << 10

// Terminal asks on the controlling terminal, whatever standard input and output are.
type Terminal struct{ in, out *os.File }

// OpenTerminal returns ErrNoTerminal where there is none, as in cron, CI and ssh without -t.
func OpenTerminal() (*Terminal, error) {
	in, out, err := openTTY()
	if err != nil {
		return nil, ErrNoTerminal
	}
	if !term.IsTerminal(int(in.Fd())) {
		_ = in.Close()
		return nil, ErrNoTerminal
	}
	return &Terminal{in, out}, nil
}

// Close releases the terminal.
func (t *Terminal) Close() {
	_ = t.in.Close()
	if t.out != t.in {
		_ = t.out.Close()
	}
}

// Printf writes to the terminal.
func (t *Terminal) Printf(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format, args...) }

// ReadSecret shows a prompt and reads one line without echo. Errors: ErrInterrupted.
func (t *Terminal) ReadSecret(prompt string) ([]byte, error) {
	t.Printf("%s", prompt)
	fd := int(t.in.Fd())
	state, err := term.MakeRaw(fd)
	if err != nil {
		return nil, err
	}
	// Whatever ends us, the person gets the terminal back with its echo.
	signals := make(chan os.Signal, 1)
	signal.Notify(signals, endingSignals...)
	done := make(chan struct{})
	defer func() {
		signal.Stop(signals)
		close(done)
		_ = term.Restore(fd, state)
		t.Printf("\r\n")
	}()
	go func() {
		select {
		case sig := <-signals:
			_ = term.Restore(fd, state)
			reraise(sig)
		case <-done:
		}
	}()
	return readHidden(t.in.Read)
}

// readHidden reads a line from a terminal in raw mode: a paste of any length, bracketed or not, with backspace, Ctrl-U,
// Ctrl-C and Ctrl-D. The canonical mode of a terminal would cut a line at 4,095 bytes without a word.
func readHidden(read func([]byte) (int, error)) ([]byte, error) {
	const (
		ctrlC, ctrlD, backspace, ctrlU, del = 0x03, 0x04, 0x08, 0x15, 0x7f
		pasteBegin, pasteEnd                = "\x1b[200~", "\x1b[201~"
	)
	var line []byte
	buffer := make([]byte, 1)
	for len(line) <= maxAnswer {
		n, err := read(buffer)
		if err != nil || n == 0 {
			return nil, ErrInterrupted
		}
		switch c := buffer[0]; c {
		case '\r', '\n':
			text := strings.ReplaceAll(string(line), pasteBegin, "")
			return []byte(strings.ReplaceAll(text, pasteEnd, "")), nil
		case ctrlC:
			return nil, ErrInterrupted
		case ctrlD:
			if len(line) == 0 {
				return nil, ErrInterrupted
			}
		case backspace, del:
			_, size := utf8.DecodeLastRune(line)
			line = line[:len(line)-size]
		case ctrlU:
			line = line[:0]
		default:
			line = append(line, c)
		}
	}
	return nil, errors.New("the line is too long")
}

// ReadLine shows a prompt and reads one line with echo, without its end and the spaces around it.
func (t *Terminal) ReadLine(prompt string) (string, error) {
	t.Printf("%s", prompt)
	var line []byte
	buffer := make([]byte, 1)
	for len(line) <= maxAnswer {
		n, err := t.in.Read(buffer)
		if err != nil || n == 0 {
			t.Printf("\n")
			return "", ErrInterrupted
		}
		if buffer[0] == '\n' {
			return strings.TrimSpace(string(line)), nil
		}
		line = append(line, buffer[0])
	}
	return "", errors.New("the line is too long")
}

// Confirm asks a yes-or-no question; an empty answer is byDefault.
func (t *Terminal) Confirm(question string, byDefault bool) (bool, error) {
	choices := " [y/N] "
	if byDefault {
		choices = " [Y/n] "
	}
	for {
		answer, err := t.ReadLine(question + choices)
		if err != nil {
			return false, err
		}
		switch strings.ToLower(answer) {
		case "":
			return byDefault, nil
		case "y", "yes":
			return true, nil
		case "n", "no":
			return false, nil
		}
	}
}

// NewPassphrase asks for a new passphrase twice; empty is allowed and means none.
func (t *Terminal) NewPassphrase(prompt string) ([]byte, error) {
	for {
		first, err := t.ReadSecret(prompt)
		if err != nil {
			return nil, err
		}
		again, err := t.ReadSecret("Once more: ")
		if err != nil {
			return nil, err
		}
		if string(first) == string(again) {
			return first, nil
		}
		t.Printf("These were not the same.\n")
	}
}
