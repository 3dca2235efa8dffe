//go:build unix

package execve

import (
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ragenv/ragenv/internal/shellquote"
	"golang.org/x/sys/unix"
)

// defaultPath is the search path of execvp(3) if PATH is not set.
const defaultPath = "/bin:/usr/bin"

func run(argv, env []string) (int, *Error) {
	path, err := find(argv[0], searchPath(env))
	if err != nil {
		return 0, &Error{argv[0], path, err}
	}
	return 0, &Error{argv[0], path, explain(path, syscall.Exec(path, argv, env))}
}

// Again replaces this process with the same program under another name. It returns only on an error.
func Again(name string, args, env []string) error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	return syscall.Exec(self, append([]string{name}, args...), env)
}

func searchPath(env []string) string {
	for _, entry := range env {
		if path, ok := strings.CutPrefix(entry, "PATH="); ok {
			return path
		}
	}
	return defaultPath
}

// find returns the file that a command refers to on searchPath. A command that contains a directory is
// returned unchanged. If the first match is in a relative directory of searchPath, including the empty one,
// nothing is run, for the reason of exec.ErrDot, not even a later match, because the user may mean the
// first. Errors: ErrNotFound, ErrRelative, ErrPermission.
func find(command, searchPath string) (string, error) {
	if strings.Contains(command, "/") {
		return command, nil
	}
	refused := ""
	for _, dir := range filepath.SplitList(searchPath) {
		path := filepath.Join(dir, command)
		info, err := os.Stat(path)
		if err != nil || info.IsDir() {
			continue
		}
		if unix.Access(path, unix.X_OK) != nil {
			if refused == "" {
				refused = path
			}
			continue
		}
		if !filepath.IsAbs(path) {
			return path, ErrRelative
		}
		return path, nil
	}
	if refused != "" {
		return refused, ErrPermission
	}
	return "", ErrNotFound
}

// explain returns why execve rejected the file.
func explain(path string, err error) error {
	info, statErr := os.Stat(path)
	switch {
	case errors.Is(err, unix.ENOENT) && errors.Is(statErr, fs.ErrNotExist):
		return ErrNotFound
	case errors.Is(err, unix.ENOENT):
		return ErrInterpreter
	case statErr == nil && info.IsDir():
		return ErrDirectory
	case errors.Is(err, unix.EACCES), errors.Is(err, unix.EPERM):
		return ErrPermission
	case errors.Is(err, unix.ENOEXEC):
		return ErrFormat
	case errors.Is(err, unix.E2BIG):
		return ErrTooLarge
	}
	return err
}

// hereForm returns a path to a file of the current directory that bypasses the search of PATH.
func hereForm(path string) string { return shellquote.Word("./" + path) }

// Start starts cmd.Args as a child, found on the PATH of cmd.Env, and sets cmd.Path. The error is an
// *Error.
func Start(cmd *exec.Cmd) error {
	path, err := find(cmd.Args[0], searchPath(cmd.Env))
	if err == nil {
		cmd.Path = path
		if err = cmd.Start(); err == nil {
			return nil
		}
		var system syscall.Errno
		if errors.As(err, &system) {
			err = explain(path, system)
		}
	}
	return &Error{cmd.Args[0], path, err}
}
