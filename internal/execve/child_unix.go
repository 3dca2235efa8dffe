//go:build unix

package execve

import (
	"errors"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"golang.org/x/sys/unix"
)

// Child runs the command as a child with this process's streams and waits for it, for callers with work to
// do afterwards. The exit code is 128 + n if signal n ended it. The error is an *Error, and the code is
// then its ExitCode.
//
// The terminal sends its signals (Ctrl-C) to the command directly. Child passes other signals on.
func Child(argv, env []string) (int, error) {
	if len(argv) == 0 || argv[0] == "" {
		return codeNotFound, &Error{Err: ErrNotFound}
	}
	terminal := make(chan os.Signal, 1)
	others := make(chan os.Signal, 16)
	notify := func(to chan<- os.Signal, signals ...os.Signal) {
		for _, sig := range signals {
			if !signal.Ignored(sig) { // if the caller ignores a signal, so does the command
				signal.Notify(to, sig)
			}
		}
	}
	notify(terminal, unix.SIGINT, unix.SIGQUIT)
	notify(others, unix.SIGTERM, unix.SIGHUP, unix.SIGUSR1, unix.SIGUSR2)
	defer signal.Stop(terminal)
	defer signal.Stop(others)
	cmd := &exec.Cmd{
		Args: argv, Env: env,
		Stdin: os.NewFile(0, "stdin"), Stdout: os.NewFile(1, "stdout"), Stderr: os.NewFile(2, "stderr"),
	}
	if err := Start(cmd); err != nil {
		var typed *Error
		if errors.As(err, &typed) {
			return typed.ExitCode(), err
		}
		return codeNotExecutable, err
	}
	ended := make(chan struct{})
	go func() {
		for {
			select {
			case sig := <-others:
				_ = cmd.Process.Signal(sig)
			case <-ended:
				return
			}
		}
	}()
	err := cmd.Wait()
	close(ended)
	var exit *exec.ExitError
	if err != nil && !errors.As(err, &exit) {
		return codeNotExecutable, &Error{argv[0], cmd.Path, err}
	}
	if status, ok := cmd.ProcessState.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return 128 + int(status.Signal()), nil
	}
	return cmd.ProcessState.ExitCode(), nil
}
