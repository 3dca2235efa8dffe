package execve

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"os/signal"
	"syscall"

	"github.com/ragenv/ragenv/internal/shellquote"
	"golang.org/x/sys/windows"
)

// run starts a child and waits for it. When this process is ended, the child and what it started end with it: ending ragenv is
// meant to end the command. What the child leaves running when it ends by itself stays. Ctrl-C reaches both, as they share a
// console: the child decides what it means.
// PATH is this process's, which Windows searches by rules of its own.
func run(argv, env []string) (int, *Error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Args[0] = argv[0]
	cmd.Env = env
	cmd.Stdin = os.NewFile(uintptr(syscall.Stdin), "stdin")
	cmd.Stdout = os.NewFile(uintptr(syscall.Stdout), "stdout")
	cmd.Stderr = os.NewFile(uintptr(syscall.Stderr), "stderr")

	interrupts := make(chan os.Signal, 1)
	signal.Notify(interrupts, os.Interrupt)
	defer signal.Stop(interrupts)

	job := newJob()
	defer job.release()
	err := cmd.Start()
	if err == nil {
		job.add(cmd.Process.Pid)
		err = cmd.Wait()
	}
	var ended *exec.ExitError
	if err == nil || errors.As(err, &ended) {
		return cmd.ProcessState.ExitCode(), nil
	}
	return 0, &Error{argv[0], cmd.Path, explain(cmd.Path, err)}
}

func explain(path string, err error) error {
	if info, statErr := os.Stat(path); statErr == nil && info.IsDir() {
		return ErrDirectory
	}
	switch {
	case errors.Is(err, exec.ErrDot):
		return ErrRelative
	case errors.Is(err, exec.ErrNotFound), errors.Is(err, fs.ErrNotExist):
		return ErrNotFound
	case errors.Is(err, windows.ERROR_BAD_EXE_FORMAT), errors.Is(err, windows.ERROR_EXE_MACHINE_TYPE_MISMATCH):
		return ErrFormat
	case errors.Is(err, windows.ERROR_FILENAME_EXCED_RANGE):
		return ErrTooLarge
	case errors.Is(err, fs.ErrPermission):
		return ErrPermission
	}
	return err
}

// hereForm names a file of the current directory so that it is not searched for.
func hereForm(path string) string { return shellquote.Word(`.\` + path) }

// Again runs this program's file in this process's place, which Windows cannot.
func Again(string, []string, []string) error { return errors.ErrUnsupported }
