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

// keys hands what is typed to the command's terminal. Ours is in raw mode meanwhile.
//
// The command's process group is an orphaned one on the new terminal, and the kernel stops none of those when Ctrl-Z is typed. So
// Ctrl-Z is done here: the command is stopped, and the job of the shell that this process belongs to.
type keys struct {
	in        *os.File
	continued chan struct{}

	mu    sync.Mutex
	state *term.State // of our terminal before; nil if nothing is typed for the command
	ended bool        // the terminal is the shell's again
}

// foregroundPoll is how often a job in the background checks whether it was brought to the foreground.
const foregroundPoll = 200 * time.Millisecond

// typed hands over what is typed until there is no more. The command has been started.
func (c *child) typed() {
	buffer := make([]byte, 4096)
	for {
		for !inForeground(c.keys.in) { // a read would stop the job
			time.Sleep(foregroundPoll)
		}
		_ = c.keys.raw() // it worked before
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

// raw sets our terminal's raw mode, unless the command has ended; before the first time, it keeps what was.
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

// restore undoes raw, for good if the command has ended.
func (k *keys) restore(ended bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.ended = k.ended || ended
	if k.state != nil {
		_ = term.Restore(int(k.in.Fd()), k.state)
	}
}

// suspendKey returns where in what was typed the key stands that stops the command, -1 if nowhere: the command may read that key
// itself, as editors do, or have put a job of its own in the foreground, as shells do.
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

// suspend stops the command and this process's job, and returns true when both go on. It does nothing and returns false in a session
// without job control, where nobody could continue them.
func (c *child) suspend() bool {
	session, err := unix.Getsid(0)
	if err != nil || session == unix.Getpgrp() {
		return false
	}
	select {
	case <-c.keys.continued: // of an earlier stop
	default:
	}
	_ = unix.Kill(-c.cmd.Process.Pid, unix.SIGSTOP)
	c.keys.restore(false)
	_ = unix.Kill(0, unix.SIGSTOP) // Go's runtime keeps its handler of SIGTSTP
	<-c.keys.continued
	return true
}

// resume lets the command go on after the shell has continued this process.
func (c *child) resume() {
	_ = pty.InheritSize(c.std.Out, c.terminal)
	_ = unix.Kill(-c.cmd.Process.Pid, unix.SIGCONT)
	select {
	case c.keys.continued <- struct{}{}:
	default:
	}
}
