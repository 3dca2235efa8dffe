//go:build linux || darwin

package terminal

import (
	"bytes"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
)

// Dialogue is a program on a terminal and the user who types there.
type Dialogue struct {
	T      *testing.T
	cmd    *exec.Cmd
	pty    *os.File
	mu     sync.Mutex
	screen bytes.Buffer
	seen   int // the length of the output already matched
	done   chan struct{}
}

// Start runs a program on a new terminal.
func (w *World) Start(args ...string) *Dialogue {
	w.T.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Dir = w.Env, w.Dir
	for _, sig := range []os.Signal{syscall.SIGINT, syscall.SIGQUIT, syscall.SIGHUP} {
		if signal.Ignored(sig) {
			// As in the background of a script, or under nohup. The program would inherit it, which it does not on a
			// user's terminal, nor if this process handles the signal.
			signal.Notify(make(chan os.Signal, 1), sig)
		}
	}
	terminal, err := pty.Start(cmd)
	if err != nil {
		w.T.Fatal(err)
	}
	d := &Dialogue{T: w.T, cmd: cmd, pty: terminal, done: make(chan struct{})}
	go func() {
		defer close(d.done)
		buffer := make([]byte, 4096)
		for {
			n, err := terminal.Read(buffer)
			d.mu.Lock()
			d.screen.Write(buffer[:n])
			d.mu.Unlock()
			if err != nil {
				return // EIO: the program has exited
			}
		}
	}()
	w.T.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = terminal.Close()
	})
	return d
}

// Screen returns the whole output to the terminal.
func (d *Dialogue) Screen() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.screen.String()
}

// Text returns the whole output to the terminal, without carriage returns.
func (d *Dialogue) Text() string { return strings.ReplaceAll(d.Screen(), "\r", "") }

// Resize changes the terminal's size, in characters.
func (d *Dialogue) Resize(rows, columns uint16) {
	d.T.Helper()
	if err := pty.Setsize(d.pty, &pty.Winsize{Rows: rows, Cols: columns}); err != nil {
		d.T.Fatal(err)
	}
}

// Patience limits how long a test waits for an event. It is far longer than any event takes.
const Patience = time.Minute

// Expect waits for text to appear, after the text expected before.
func (d *Dialogue) Expect(text string) *Dialogue {
	d.T.Helper()
	for deadline := time.Now().Add(Patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		screen := d.Text()
		if i := strings.Index(screen[d.seen:], text); i >= 0 {
			d.seen += i + len(text)
			return d
		}
		select {
		case <-d.done:
			if !strings.Contains(d.Text()[d.seen:], text) {
				d.T.Fatalf("it ended without %q:\n%s", text, d.Text())
			}
		default:
		}
	}
	d.T.Fatalf("%q did not come:\n%s", text, d.Text())
	return d
}

// Send types text as soon as the terminal does not echo, at the prompt for a secret.
func (d *Dialogue) Send(text string) *Dialogue {
	d.T.Helper()
	// The prompt appears just before echo is turned off; no user types that fast.
	for deadline := time.Now().Add(Patience); d.echoes() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return d.SendNow(text)
}

// SendNow types text without waiting.
func (d *Dialogue) SendNow(text string) *Dialogue {
	d.T.Helper()
	if _, err := io.WriteString(d.pty, text); err != nil {
		d.T.Fatal(err)
	}
	return d
}

// End waits for the program to exit and returns its exit code, 128 + n for signal n.
func (d *Dialogue) End() int {
	d.T.Helper()
	timer := time.AfterFunc(Patience, func() { _ = d.cmd.Process.Kill() })
	err := d.cmd.Wait()
	timer.Stop()
	<-d.done
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal())
		}
		return exit.ExitCode()
	}
	d.T.Fatal(err)
	return -1
}

// WantCode waits for the program to exit and fails the test on another exit code.
func (d *Dialogue) WantCode(want int) {
	d.T.Helper()
	if code := d.End(); code != want {
		d.T.Errorf("exit code %d, want %d:\n%s", code, want, d.Text())
	}
}

// WantHidden fails the test if a secret appeared on the screen.
func (d *Dialogue) WantHidden(secrets ...string) {
	d.T.Helper()
	for _, secret := range secrets {
		if strings.Contains(d.Text(), secret) {
			d.T.Error("a secret is on the screen")
		}
	}
}

// echoes reports whether the terminal shows what is typed.
func (d *Dialogue) echoes() bool { return echoes(int(d.pty.Fd())) }

// WaitFor polls until done returns true, for at most Patience.
func WaitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(Patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// Pid returns the program's process ID.
func (d *Dialogue) Pid() int { return d.cmd.Process.Pid }

// SignalForeground sends a signal to the terminal's foreground process group, such as a shell's current
// job.
func (d *Dialogue) SignalForeground(sig syscall.Signal) {
	d.T.Helper()
	group, err := unix.IoctlGetInt(int(d.pty.Fd()), unix.TIOCGPGRP)
	if err == nil {
		err = syscall.Kill(-group, sig)
	}
	if err != nil {
		d.T.Fatal(err)
	}
}

// OthersInForeground reports whether the foreground process group is another one than the program's, such
// as a shell's job.
func (d *Dialogue) OthersInForeground() bool {
	group, err := unix.IoctlGetInt(int(d.pty.Fd()), unix.TIOCGPGRP)
	return err == nil && group != d.Pid()
}
