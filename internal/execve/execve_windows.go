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

// run starts a child and waits for it. If this process is ended, the child and its own children end too,
// because ending ragenv is meant to end the command. Processes that the child leaves running when it exits
// are kept. Ctrl-C reaches both processes through the shared console, and the child handles it. The search
// uses this process's PATH, by Windows' own rules.
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

// hereForm returns a path to a file of the current directory that bypasses the search of PATH.
func hereForm(path string) string { return shellquote.Word(`.\` + path) }

// Again returns errors.ErrUnsupported: Windows cannot replace a process.
func Again(string, []string, []string) error { return errors.ErrUnsupported }
