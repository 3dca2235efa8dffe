//go:build linux || darwin

package system

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// passClient returns the client and guard of pass.
func passClient(opts keychain.Options) (client, guard) {
	p, err := newPassTool(opts)
	if err != nil {
		return nil, guard{usable: func() error { return err }}
	}
	return p, guard{
		finds: true,
		usable: func() error {
			if _, err := exec.LookPath("pass"); err != nil {
				return fmt.Errorf("the %s backend is %w: the program pass is not installed", keychain.BackendPass, keychain.ErrUnavailable)
			}
			if _, err := os.Stat(filepath.Join(p.dir, ".gpg-id")); err != nil {
				return fmt.Errorf("the %s backend is %w: %s is not initialized (pass init GPG-ID)", keychain.BackendPass, keychain.ErrUnavailable, p.dir)
			}
			return nil
		},
		writable: p.recipientProblem,
		exists: func(name string) (bool, error) {
			_, err := os.Stat(p.file(name))
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
			if text := strings.TrimSpace(string(exit.Stderr)); text != "" { // from pass, not from gpg
				return fmt.Errorf("the %s backend is %w: %s", keychain.BackendPass, keychain.ErrUnavailable, text[strings.LastIndexByte(text, '\n')+1:])
			}
			if !opts.Interactive {
				return fmt.Errorf("%w: gpg would have to ask for a passphrase", keychain.ErrLocked)
			}
			return fmt.Errorf("pass failed (%s)", exit.ProcessState)
		},
		// pass lets gpg write directly to the entry's file, so a concurrent reader may see only part of it.
		settling: func(name string) bool {
			info, err := os.Stat(p.file(name))
			return err == nil && time.Since(info.ModTime()) < 2*time.Second
		},
		abandon: func() { endChildren(os.Getpid()) },
	}
}

// endChildren ends all descendants of a process, such as a gpg that waits for input.
func endChildren(pid int) {
	for _, child := range children(pid) {
		endChildren(child)
		_ = syscall.Kill(child, syscall.SIGTERM)
	}
}
