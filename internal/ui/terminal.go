package ui

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/term"
)

// ErrNoTerminal means that there is no terminal for questions.
var ErrNoTerminal = errors.New("no terminal to ask on")

// ErrInterrupted means that the user pressed Ctrl-C or Ctrl-D at a prompt.
var ErrInterrupted = &Error{Err: errors.New("interrupted"), Code: CodeInterrupted}

// maxAnswer is the maximum size of an answer at a prompt, in bytes.
const maxAnswer = 64 << 10

// Terminal asks questions on the controlling terminal, regardless of standard input and output.
type Terminal struct {
	Style   Style
	in, out *os.File
}

// OpenTerminal opens the controlling terminal. It returns ErrNoTerminal if there is none, as in cron, CI
// and ssh without -t.
func OpenTerminal() (*Terminal, error) {
	in, out, err := openTTY()
	if err != nil {
		return nil, ErrNoTerminal
	}
	if !term.IsTerminal(int(in.Fd())) {
		_ = in.Close()
		return nil, ErrNoTerminal
	}
	return &Terminal{StyleFor(out, os.Getenv), in, out}, nil
}

// Close releases the terminal. It discards what was typed or pasted after the last answer, which the shell
// would otherwise read.
func (t *Terminal) Close() {
	if !typing.close() {
		_ = discardInput(t.in)
	}
	_ = t.in.Close()
	if t.out != t.in {
		_ = t.out.Close()
	}
}

// Printf writes to the terminal.
func (t *Terminal) Printf(format string, args ...any) { _, _ = fmt.Fprintf(t.out, format, args...) }

// ReadSecret shows a prompt and reads one line or one paste without echo. The echo stays off until Close,
// the next ReadLine, or the end of HideTyping. Error: ErrInterrupted.
func (t *Terminal) ReadSecret(prompt string) ([]byte, error) {
	answer, more, err := t.readSecret(prompt)
	if more {
		t.Printf("More than one line came in: only the first was read, the rest was discarded.\n")
	}
	return answer, err
}

// ReadPassphrase is ReadSecret for a passphrase. It must be one line: if there are several, it rejects them
// all and asks again.
func (t *Terminal) ReadPassphrase(prompt string) ([]byte, error) {
	for {
		answer, more, err := t.readSecret(prompt)
		if err != nil || !more && !bytes.ContainsAny(answer, "\r\n") {
			return answer, err
		}
		clear(answer)
		t.Printf("More than one line came in, and a passphrase is one line: nothing was read.\n")
	}
}

// readSecret also reports whether text followed the answer. That text is discarded.
func (t *Terminal) readSecret(prompt string) (answer []byte, more bool, err error) {
	// Set the modes first, so that nothing typed after the prompt appears is ever shown.
	if err := typing.read(func() { t.Printf("%s", t.Style.wrapPrompt(prompt)) }); err != nil {
		return nil, false, err
	}
	answer, err = readHidden(t.in.Read, sendSignal)
	more = t.drain()
	typing.quiet()
	t.Printf("\n")
	return answer, more, err
}

// pasteGap is how long to wait for the rest of a paste on a terminal that does not mark the end of a paste.
const pasteGap = 50 * time.Millisecond

// drain discards pending input, and reports whether it was more than line breaks.
func (t *Terminal) drain() bool {
	text := false
	buffer := make([]byte, 4096)
	for total := 0; total <= maxAnswer && inputWithin(t.in, pasteGap); {
		n, err := t.in.Read(buffer)
		if err != nil || n == 0 {
			break
		}
		total += n
		text = text || len(bytes.Trim(buffer[:n], "\r\n")) > 0
	}
	clear(buffer)
	return text
}

// signalKey is a key that makes a terminal send a signal, except in raw mode.
type signalKey byte

const (
	suspendKey signalKey = 0x1a // Ctrl-Z
	quitKey    signalKey = 0x1c // Ctrl-\
)

// readHidden reads an answer from a terminal in raw mode: a line, or a whole bracketed paste. It handles
// backspace, Ctrl-U, Ctrl-C and Ctrl-D. For Ctrl-Z and Ctrl-\ it calls send, which sends the signal.
// Canonical mode would silently cut a line at 4,095 bytes.
//
// It drops line breaks at both ends of a paste; one at the end completes the answer, as if it were typed.
// Line breaks inside a paste remain, for the caller to judge.
func readHidden(read func([]byte) (int, error), send func(signalKey)) ([]byte, error) {
	const (
		ctrlC, ctrlD, backspace, ctrlU, del = 0x03, 0x04, 0x08, 0x15, 0x7f
		pasteBegin, pasteEnd                = "\x1b[200~", "\x1b[201~"
	)
	var line []byte
	paste := -1 // where the paste begins in line
	buffer := make([]byte, 1)
	for len(line) <= maxAnswer {
		n, err := read(buffer)
		if err != nil || n == 0 {
			return nil, ErrInterrupted
		}
		c := buffer[0]
		if paste >= 0 {
			line = append(line, c)
			if !bytes.HasSuffix(line[paste:], []byte(pasteEnd)) {
				continue
			}
			text := strings.NewReplacer("\r\n", "\n", "\r", "\n").Replace(string(line[paste : len(line)-len(pasteEnd)]))
			line = append(line[:paste], strings.Trim(text, "\n")...)
			if paste = -1; strings.HasSuffix(text, "\n") && len(line) > 0 {
				return line, nil
			}
			continue
		}
		switch c {
		case '\r', '\n':
			return line, nil
		case ctrlC:
			return nil, ErrInterrupted
		case ctrlD:
			if len(line) == 0 {
				return nil, ErrInterrupted
			}
		case byte(suspendKey), byte(quitKey):
			line = line[:0]
			send(signalKey(c))
		case backspace, del:
			_, size := utf8.DecodeLastRune(line)
			line = line[:len(line)-size]
		case ctrlU:
			line = line[:0]
		default:
			line = append(line, c)
			if rest, ok := bytes.CutSuffix(line, []byte(pasteBegin)); ok {
				line, paste = rest, len(rest)
			}
		}
	}
	return nil, errors.New("the line is too long")
}

// ReadLine shows a prompt and reads one line with echo, without its line end and surrounding spaces.
//
// It discards what was typed or pasted before the question, because that cannot be an answer to it.
func (t *Terminal) ReadLine(prompt string) (string, error) {
	if !typing.show() {
		_ = discardInput(t.in)
	}
	defer answerSignals()()
	t.Printf("%s", t.Style.wrapPrompt(prompt))
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

// Confirm asks a yes-or-no question. An empty answer means byDefault.
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

// NewPassphrase asks for a new passphrase twice. Empty is allowed and means none.
func (t *Terminal) NewPassphrase(prompt string) ([]byte, error) {
	for {
		first, err := t.ReadPassphrase(prompt)
		if err != nil {
			return nil, err
		}
		again, err := t.ReadPassphrase("Confirm passphrase: ")
		if err != nil {
			return nil, err
		}
		if string(first) == string(again) {
			return first, nil
		}
		t.Printf("Passphrases do not match, try again.\n")
	}
}
