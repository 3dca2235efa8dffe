//go:build linux || darwin

package system

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// envPassOptions holds options that pass hands to gpg (pass(1)).
const envPassOptions = "PASSWORD_STORE_GPG_OPTS"

// callersPassOptions are what the user set; commands that are run later get them from Environ, as they were.
var callersPassOptions = os.Getenv(envPassOptions)

func passGuard(opts keychain.Options) guard {
	dir := func() (string, error) {
		if dir := os.Getenv("PASSWORD_STORE_DIR"); dir != "" {
			return dir, nil
		}
		home, err := os.UserHomeDir()
		return filepath.Join(home, ".password-store"), err
	}
	if opts.Interactive {
		_ = os.Setenv(envPassOptions, callersPassOptions)
	} else {
		// Without it gpg-agent would ask, in every one of many parallel pulls. A passphrase that the agent has is still used.
		_ = os.Setenv(envPassOptions, callersPassOptions+" --batch --pinentry-mode=error")
	}
	file := func(name string) (string, error) {
		store, err := dir()
		return filepath.Join(store, namespace(opts), name+".gpg"), err
	}
	entry := func(name string) (fs.FileInfo, error) {
		path, err := file(name)
		if err != nil {
			return nil, err
		}
		return os.Stat(path)
	}
	return guard{
		usable: func() error {
			if _, err := exec.LookPath("pass"); err != nil {
				return fmt.Errorf("the %s backend is %w: the program pass is not installed", keychain.BackendPass, keychain.ErrUnavailable)
			}
			store, err := dir()
			if err != nil {
				return err
			}
			if _, err := os.Stat(filepath.Join(store, ".gpg-id")); err != nil {
				return fmt.Errorf("the %s backend is %w: %s is not initialised (pass init GPG-ID)", keychain.BackendPass, keychain.ErrUnavailable, store)
			}
			return nil
		},
		read: func(name string) ([]byte, error) {
			if _, err := entry(name); errors.Is(err, fs.ErrNotExist) {
				return nil, keychain.ErrNotFound
			} else if err != nil {
				return nil, err
			}
			path, err := file(name)
			if err != nil {
				return nil, err
			}
			return readPassFile(path)
		},
		exists: func(name string) (bool, error) {
			_, err := entry(name)
			if errors.Is(err, fs.ErrNotExist) {
				return false, nil
			}
			return err == nil, err
		},
		failed: func(err error) error {
			var exit *exec.ExitError
			if !errors.As(err, &exit) {
				return err
			}
			if !opts.Interactive {
				return fmt.Errorf("%w: gpg would have to ask for a passphrase", keychain.ErrLocked)
			}
			return fmt.Errorf("pass failed (%s)", exit.ProcessState)
		},
		// pass lets gpg write into the entry's file, so whoever reads at that moment finds half of it.
		settling: func(name string) bool {
			info, err := entry(name)
			return err == nil && time.Since(info.ModTime()) < 2*time.Second
		},
		abandon: func() { endChildren(os.Getpid()) },
	}
}

// endChildren ends what a process started and what that started, such as a gpg that waits for an answer.
func endChildren(pid int) {
	for _, child := range children(pid) {
		endChildren(child)
		_ = syscall.Kill(child, syscall.SIGTERM)
	}
}
