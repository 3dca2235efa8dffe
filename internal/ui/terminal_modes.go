package ui

import (
	"os"
	"os/signal"
	"slices"
	"sync"
)

// typing is the state of the controlling terminal, one per process. Whatever ends or stops the process, the
// earlier modes are restored.
var typing modes

type modes struct {
	mu      sync.Mutex
	in, out *os.File // open while the modes are changed
	saved   *terminalState
	reading bool   // in raw mode, at a prompt
	again   func() // shows the prompt again after the process was stopped
	holds   int    // number of active HideTyping calls
	signals chan os.Signal
}

// HideTyping keeps the echo off after a hidden prompt until show is called, even if that prompt's terminal
// is closed. It is for slow work, such as using a passphrase. A question with echo ends it too.
func HideTyping() (show func()) {
	typing.mu.Lock()
	defer typing.mu.Unlock()
	typing.holds++
	return func() {
		typing.mu.Lock()
		typing.holds--
		held := typing.holds > 0
		typing.mu.Unlock()
		if !held {
			typing.show()
		}
	}
}

// read begins a hidden prompt: it sets raw mode, discards earlier input, and has pastes marked if the
// terminal supports that.
func (m *modes) read(again func()) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved == nil {
		in, out, err := openTTY()
		if err != nil {
			return err
		}
		saved, err := stateOf(in)
		if err != nil {
			_ = in.Close()
			if out != in {
				_ = out.Close()
			}
			return err
		}
		m.in, m.out, m.saved = in, out, saved
		m.signals = make(chan os.Signal, 8)
		signal.Notify(m.signals, slices.Concat(stoppingSignals, endingSignals)...)
		go m.handle(m.signals)
	}
	m.reading, m.again = true, again
	return m.apply()
}

// apply sets the modes that are wanted now. The caller holds the lock.
func (m *modes) apply() error {
	if !m.reading {
		return m.saved.setQuiet(m.in)
	}
	err := m.saved.setRaw(m.in)
	m.markPastes("h")
	if m.again != nil {
		m.again()
	}
	return err
}

// markPastes asks the terminal to start marking pastes (h) or to stop (l).
func (m *modes) markPastes(mode string) {
	if name := os.Getenv("TERM"); name != "" && name != "dumb" {
		_, _ = m.out.WriteString("\x1b[?2004" + mode)
	}
}

// quiet ends a hidden prompt and keeps the echo off.
func (m *modes) quiet() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved == nil || !m.reading {
		return
	}
	m.markPastes("l")
	m.reading, m.again = false, nil
	_ = m.apply()
}

// close is show, unless HideTyping keeps the echo off. It reports whether input was discarded.
func (m *modes) close() bool {
	m.mu.Lock()
	held := m.holds > 0 && m.saved != nil
	m.mu.Unlock()
	return held || m.show()
}

// show restores the earlier modes. It reports whether they were changed, in which case input is discarded.
func (m *modes) show() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.saved == nil {
		return false
	}
	signal.Stop(m.signals)
	close(m.signals)
	m.restore()
	_ = m.in.Close()
	if m.out != m.in {
		_ = m.out.Close()
	}
	m.in, m.out, m.saved, m.reading, m.again = nil, nil, nil, false, nil
	return true
}

// restore sets the earlier modes. The caller holds the lock.
func (m *modes) restore() {
	if m.reading {
		m.markPastes("l")
	}
	_ = m.saved.restore(m.in)
}

func (m *modes) handle(signals <-chan os.Signal) {
	expected := false // the modes are already set for the next SIGCONT
	for sig := range signals {
		m.mu.Lock()
		if m.saved != nil {
			switch {
			case isStop(sig):
				m.restore()
				expected = stopSelf()
				_ = m.apply()
			case isContinue(sig) && expected:
				expected = false
			case isContinue(sig):
				_ = m.apply()
			default:
				m.restore()
				reraise(sig)
			}
		}
		m.mu.Unlock()
	}
}
