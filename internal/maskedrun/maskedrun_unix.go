//go:build unix

package maskedrun

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"sync"
	"syscall"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"
	"golang.org/x/term"

	"github.com/ragenv/ragenv/internal/execve"
	"github.com/ragenv/ragenv/internal/mask"
)

// forwarded are the signals passed on to the command. Signals that this process was told to ignore stay
// ignored.
var forwarded = []os.Signal{unix.SIGINT, unix.SIGQUIT, unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2, unix.SIGCONT, unix.SIGWINCH}

// child is the command and its streams.
type child struct {
	cmd      *exec.Cmd
	masker   *mask.Masker
	std      Streams
	terminal *os.File   // the pty's master; nil if there is none
	keys     *keys      // keys.in is nil if nothing typed on our terminal is for the command
	others   []*os.File // the command's ends of the streams, open here until it has started
	streams  []func(ended <-chan struct{}) error
}

// Run runs argv[0], found in the PATH of env, in that environment. It returns the command's exit code:
// 128 + n if signal n ended it. Errors: *execve.Error if the command could not be started, and *OutputError,
// together with the exit code, if output was lost.
func Run(argv, env []string, masker *mask.Masker, std Streams) (code int, err error) {
	c := &child{cmd: &exec.Cmd{Args: argv, Env: env, Stdin: std.In}, masker: masker, std: std}
	defer c.close()
	restore := func() {}
	defer func() { restore() }()
	if isTerminal(std.Out) {
		if restore, err = c.openTerminal(); err != nil {
			return 0, fmt.Errorf("open a terminal for the command: %w", err)
		}
	} else if c.cmd.Stdout, err = c.pipe(std.Out); err != nil {
		return 0, err
	}
	if c.cmd.Stderr == nil {
		if c.cmd.Stderr, err = c.pipe(std.Err); err != nil {
			return 0, err
		}
	}
	signals := make(chan os.Signal, 16)
	handled := forwarded
	if c.terminal != nil {
		handled = append(slices.Clone(forwarded), unix.SIGTSTP)
	}
	for _, sig := range handled {
		if !signal.Ignored(sig) {
			signal.Notify(signals, sig)
		}
	}
	defer signal.Stop(signals)
	if err := execve.Start(c.cmd); err != nil {
		return 0, err
	}
	for _, file := range c.others {
		_ = file.Close()
	}
	ended := make(chan struct{})
	go c.forward(signals, ended)
	if c.terminal != nil && c.keys.in != nil {
		go c.typed()
	}
	var pumps sync.WaitGroup
	failures := make([]error, len(c.streams))
	for i, stream := range c.streams {
		pumps.Go(func() { failures[i] = stream(ended) })
	}
	waitErr := c.cmd.Wait()
	close(ended)
	pumps.Wait()
	var exit *exec.ExitError
	if waitErr != nil && !errors.As(waitErr, &exit) {
		return 0, waitErr
	}
	code = c.cmd.ProcessState.ExitCode()
	if status, ok := c.cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		code = 128 + int(status.Signal())
	}
	if err := errors.Join(failures...); err != nil {
		return code, &OutputError{err}
	}
	return code, nil
}

// pipe returns the write end of a pipe to a file of ours.
func (c *child) pipe(to *os.File) (*os.File, error) {
	read, write, err := os.Pipe()
	if err != nil {
		return nil, err
	}
	c.others = append(c.others, write)
	c.relay(read, to)
	return write, nil
}

func (c *child) relay(from, to *os.File) {
	c.streams = append(c.streams, func(ended <-chan struct{}) error {
		return pump(&output{file: from}, c.masker.Writer(to), ended)
	})
}

// openTerminal gives the command a pty for standard output and each other stream that is a terminal. It
// returns a function that restores our own terminal.
func (c *child) openTerminal() (restore func(), err error) {
	restore = func() {}
	master, slave, err := pty.Open()
	if err != nil {
		return restore, err
	}
	c.terminal, c.others = master, append(c.others, slave)
	_ = pty.InheritSize(c.std.Out, master) // fails on a terminal without a size, such as a serial line
	settings, err := unix.IoctlGetTermios(int(c.std.Out.Fd()), getTermios)
	if err != nil {
		return restore, err
	}
	c.cmd.Stdout = slave
	if isTerminal(c.std.Err) {
		c.cmd.Stderr = slave
	}
	// The command leads its own session on the pty, its descriptor 1.
	c.cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true, Setctty: true, Ctty: 1}
	typing := false
	if isTerminal(c.std.In) {
		c.cmd.Stdin = slave
		typing = inForeground(c.std.In)
	}
	if !typing { // our terminal converts line ends, so the pty must not
		settings.Oflag &^= unix.OPOST
	}
	if err := unix.IoctlSetTermios(int(slave.Fd()), setTermios, settings); err != nil {
		return restore, err
	}
	c.keys = &keys{continued: make(chan struct{}, 1)}
	if typing {
		c.keys.in = c.std.In
		if err := c.keys.raw(); err != nil {
			return restore, err
		}
		restore = func() { c.keys.restore(true) }
	}
	c.relay(master, c.std.Out)
	return restore, nil
}

// inForeground reports whether this process may read from a terminal of its session. A background process
// would be stopped.
func inForeground(terminal *os.File) bool {
	group, err := unix.IoctlGetInt(int(terminal.Fd()), unix.TIOCGPGRP)
	return err == nil && group == unix.Getpgrp()
}

func isTerminal(file *os.File) bool { return term.IsTerminal(int(file.Fd())) }

// forward passes signals on. Without a pty, the terminal itself sends Ctrl-C and Ctrl-\ to the command.
func (c *child) forward(signals <-chan os.Signal, ended <-chan struct{}) {
	for {
		select {
		case <-ended:
			return
		case sig := <-signals:
			pid := c.cmd.Process.Pid
			switch number := sig.(syscall.Signal); {
			case sig == unix.SIGWINCH:
				if c.terminal != nil {
					_ = pty.InheritSize(c.std.Out, c.terminal)
				}
			case c.terminal != nil && (sig == unix.SIGINT || sig == unix.SIGQUIT): // typed, but not read here: sent to all
				_ = unix.Kill(-pid, number)
			case sig == unix.SIGTSTP: // from outside, or typed but not read here
				go c.suspend() // it waits for the next signal
			case c.terminal != nil && sig == unix.SIGCONT:
				c.resume()
			case (sig == unix.SIGINT || sig == unix.SIGQUIT) && ownTerminal():
			default:
				_ = c.cmd.Process.Signal(sig)
			}
		}
	}
}

// ownTerminal reports whether this process is in the foreground of its controlling terminal.
func ownTerminal() bool {
	tty, err := os.OpenFile("/dev/tty", os.O_RDONLY|unix.O_NOCTTY, 0)
	if err != nil {
		return false
	}
	defer func() { _ = tty.Close() }()
	return inForeground(tty)
}

func (c *child) close() {
	for _, file := range c.others {
		_ = file.Close()
	}
	if c.terminal != nil {
		_ = c.terminal.Close()
	}
}
