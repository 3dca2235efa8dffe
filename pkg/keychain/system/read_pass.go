//go:build linux || darwin

package system

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"strings"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// readPassFile decrypts an entry's file as "pass show" does (its cmd_show), without the dozen programs that its shell
// script starts. gpg never asks. Errors: keychain.ErrUnavailable where gpg lacks the secret key or cannot run,
// keychain.ErrLocked where it would have to ask.
func readPassFile(file string) ([]byte, error) {
	gpg, err := exec.LookPath("gpg2") // pass prefers it, too
	if err != nil {
		if gpg, err = exec.LookPath("gpg"); err != nil {
			return nil, fmt.Errorf("the %s backend is %w: the program gpg is not installed", keychain.BackendPass, keychain.ErrUnavailable)
		}
	}
	args := append([]string{"--decrypt", "--quiet", "--yes", "--status-fd=2"}, strings.Fields(os.Getenv(envPassOptions))...)
	cmd := exec.Command(gpg, append(args, "--", file)...)
	var status bytes.Buffer
	cmd.Stderr = &status
	data, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && !hasSecretKey(gpg, recipients(status.Bytes())):
		return nil, fmt.Errorf("the %s backend is %w: gpg does not have the secret key that the entry is encrypted to", keychain.BackendPass, keychain.ErrUnavailable)
	case err != nil:
		return nil, err
	}
	return data, nil
}

// recipients returns the key IDs of ENC_TO status lines (doc/DETAILS in GnuPG's sources): what a file is encrypted to.
func recipients(status []byte) (ids []string) {
	for line := range bytes.Lines(status) {
		if fields := strings.Fields(string(line)); len(fields) > 2 && fields[0] == "[GNUPG:]" && fields[1] == "ENC_TO" {
			ids = append(ids, fields[2])
		}
	}
	return ids
}

// hasSecretKey reports whether gpg has a secret key for one of the key IDs, or it is not known to which key a file is
// encrypted.
func hasSecretKey(gpg string, ids []string) bool {
	for _, id := range ids {
		if exec.Command(gpg, "--batch", "--list-secret-keys", "--", id).Run() == nil {
			return true
		}
	}
	return len(ids) == 0
}
