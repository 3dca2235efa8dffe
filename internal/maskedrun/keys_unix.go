//go:build unix

package maskedrun

import (
	"bytes"
	"os"
	"sync"
	"time"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"
)

// keys passes what you type to the command's terminal. Meanwhile, our terminal is in raw mode.
//
// The command's process group on the new terminal is orphaned, and the kernel does not stop orphaned groups
// on Ctrl-Z. So this code stops the command and the shell job that this process belongs to.
type keys struct {
	in        *os.File
	continued chan struct{}

	mu    sync.Mutex
	state *term.State // our terminal's earlier state; nil if nothing is typed for the command
	ended bool        // the terminal belongs to the shell again
}

// foregroundPoll is how often a background job checks whether it is in the foreground again.
const foregroundPoll = 200 * time.Millisecond

// typed passes on what you type until the input ends. The command must be running.
func (c *child) typed() {
	buffer := make([]byte, 4096)
	for {
		for !inForeground(c.keys.in) { // reading would stop the job
			time.Sleep(foregroundPoll)
		}
		_ = c.keys.raw() // it succeeded before
		n, err := c.keys.in.Read(buffer)
		for rest := buffer[:n]; len(rest) > 0; {
			stop := c.suspendKey(rest)
			if stop >= 0 && c.suspend() {
				_, _ = c.terminal.Write(rest[:stop])
				rest = rest[stop+1:]
				continue
			}
			_, _ = c.terminal.Write(rest)
			break
		}
		if err != nil || n == 0 {
			return
		}
	}
}

// raw puts our terminal into raw mode, unless the command has ended. The first call saves the earlier
// state.
func (k *keys) raw() error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.ended {
		return nil
	}
	state, err := term.MakeRaw(int(k.in.Fd()))
	if err == nil && k.state == nil {
		k.state = state
	}
	return err
}

// restore restores the earlier state, permanently if the command has ended.
func (k *keys) restore(ended bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = k.ended || ended
	if k.state != nil {
		_ = term.Restore(int(k.in.Fd()), k.state)
	}
}

// suspendKey returns the index in typed of the key that stops the command, -1 if there is none. It is -1 if
// the command reads that key itself, as editors do, or has its own job in the foreground, as shells do.
func (c *child) suspendKey(typed []byte) int {
	settings, err := unix.IoctlGetTermios(int(c.terminal.Fd()), getTermios)
	if err != nil || settings.Lflag&unix.ISIG == 0 || settings.Cc[unix.VSUSP] == 0 {
		return -1
	}
	if group, err := unix.IoctlGetInt(int(c.terminal.Fd()), unix.TIOCGPGRP); err != nil || group != c.cmd.Process.Pid {
		return -1
	}
	return bytes.IndexByte(typed, settings.Cc[unix.VSUSP])
}

// suspend stops the command and this process's job, and returns true after both continue. In a session
// without job control, where nobody could continue them, it does nothing and returns false.
func (c *child) suspend() bool {
	session, err := unix.Getsid(0)
	if err != nil || session == unix.Getpgrp() {
		return false
	}
	select {
	case <-c.keys.continued: // from an earlier stop
	default:
	}
	_ = unix.Kill(-c.cmd.Process.Pid, unix.SIGSTOP)
	c.keys.restore(false)
	_ = unix.Kill(0, unix.SIGSTOP) // not SIGTSTP, whose handler the Go runtime keeps
	<-c.keys.continued
	return true
}

// resume continues the command after the shell has continued this process.
func (c *child) resume() {
	_ = pty.InheritSize(c.std.Out, c.terminal)
	_ = unix.Kill(-c.cmd.Process.Pid, unix.SIGCONT)
	select {
	case c.keys.continued <- struct{}{}:
	default:
	}
}
