//go:build linux || darwin

package system

import (
	"bytes"
	"errors"
	"fmt"
	"os/exec"
	"strings"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// decrypt returns what an entry's file holds. gpg asks only where the tool is interactive.
func (p *passTool) decrypt(file string) ([]byte, error) {
	gpg, err := exec.LookPath("gpg2") // pass prefers it, too
	if err != nil {
		if gpg, err = exec.LookPath("gpg"); err != nil {
			return nil, fmt.Errorf("the %s backend is %w: the program gpg is not installed", keychain.BackendPass, keychain.ErrUnavailable)
		}
	}
	args := append([]string{"--decrypt", "--quiet", "--yes", "--status-fd=2"}, strings.Fields(p.gpgOptions)...)
	cmd := p.command(gpg, append(args, "--", file)...)
	var status bytes.Buffer
	cmd.Stderr = &status
	data, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && !p.hasSecretKey(gpg, recipients(status.Bytes())):
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
func (p *passTool) hasSecretKey(gpg string, ids []string) bool {
	for _, id := range ids {
		if p.command(gpg, "--batch", "--list-secret-keys", "--", id).Run() == nil {
			return true
		}
	}
	return len(ids) == 0
}
