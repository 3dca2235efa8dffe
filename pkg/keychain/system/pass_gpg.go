//go:build linux || darwin

package system

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// decrypt returns the content of an entry's file. gpg prompts only if the tool is interactive.
func (p *passTool) decrypt(file string) ([]byte, error) {
	gpg, err := findGPG()
	if err != nil {
		return nil, err
	}
	args := append([]string{"--decrypt", "--quiet", "--yes", "--status-fd=2"}, strings.Fields(p.gpgOptions)...)
	cmd := p.command(gpg, append(args, "--", file)...)
	var status bytes.Buffer
	cmd.Stderr = &status
	data, err := cmd.Output()
	var exit *exec.ExitError
	switch {
	case errors.As(err, &exit) && !p.hasSecretKey(gpg, recipients(status.Bytes())):
		return nil, &keychain.KeyError{Backend: keychain.BackendPass, Reason: "gpg does not have the secret key that the entry is encrypted to",
			Fault: keychain.KeySecretAbsent}
	case err != nil:
		return nil, err
	}
	return data, nil
}

// recipients returns the key IDs of ENC_TO status lines (doc/DETAILS in GnuPG's source): the keys that a
// file is encrypted to.
func recipients(status []byte) (ids []string) {
	for line := range bytes.Lines(status) {
		if fields := strings.Fields(string(line)); len(fields) > 2 && fields[0] == "[GNUPG:]" && fields[1] == "ENC_TO" {
			ids = append(ids, fields[2])
		}
	}
	return ids
}

// hasSecretKey reports whether gpg has a secret key for one of ids. It returns true if ids is empty,
// because the recipients are then unknown.
func (p *passTool) hasSecretKey(gpg string, ids []string) bool {
	for _, id := range ids {
		if p.command(gpg, "--batch", "--list-secret-keys", "--", id).Run() == nil {
			return true
		}
	}
	return len(ids) == 0
}

// recipientProblem returns why gpg cannot encrypt to the keys in .gpg-id, or nil if it can or does not say.
// Reading needs only the secret key, even an expired one. Errors: *keychain.KeyError,
// keychain.ErrUnavailable.
func (p *passTool) recipientProblem() error {
	gpg, err := findGPG()
	if err != nil {
		return err
	}
	data, err := os.ReadFile(filepath.Join(p.dir, ".gpg-id"))
	if err != nil {
		return nil // pass reports this itself
	}
	for line := range strings.Lines(string(data)) {
		id, _, _ := strings.Cut(line, "#")
		if id = strings.TrimSpace(id); id == "" {
			continue
		}
		out, err := p.command(gpg, "--batch", "--with-colons", "--list-keys", "--", id).Output()
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			return &keychain.KeyError{Backend: keychain.BackendPass, Reason: fmt.Sprintf("gpg does not have the key %q that pass encrypts to", id),
				Fault: keychain.KeyAbsent}
		}
		if err != nil {
			return nil
		}
		if problem := keyProblem(string(out)); problem != nil {
			problem.Reason = fmt.Sprintf("the GPG key %q that pass encrypts to ", id) + problem.Reason
			return problem
		}
	}
	return nil
}

// keyProblem returns why none of the keys in gpg's colon listing (doc/DETAILS in GnuPG's source) can
// encrypt, or nil if one can.
func keyProblem(listing string) *keychain.KeyError {
	fingerprint, validities := "", ""
	primary := false
	for line := range strings.Lines(listing) {
		fields := strings.Split(strings.TrimSpace(line), ":")
		switch {
		case len(fields) < 12:
		case fields[0] == "pub" || fields[0] == "sub":
			primary = fields[0] == "pub"
			if strings.Contains(fields[11], "e") { // lower case: the capability of this key itself
				if !strings.ContainsAny(fields[1], "erdin") {
					return nil
				}
				validities += fields[1]
			}
		}
		if primary && fingerprint == "" && len(fields) > 9 && fields[0] == "fpr" {
			fingerprint = fields[9]
		}
	}
	problem := &keychain.KeyError{Backend: keychain.BackendPass, Reason: "cannot encrypt"}
	switch {
	case strings.Contains(validities, "e"):
		problem.Reason, problem.Fault, problem.Fingerprint = "has expired", keychain.KeyExpired, fingerprint
	case strings.Contains(validities, "r"):
		problem.Reason = "was revoked"
	}
	return problem
}

// findGPG returns the path of gpg. Error: keychain.ErrUnavailable.
func findGPG() (string, error) {
	gpg, err := exec.LookPath("gpg2") // pass prefers it too
	if err != nil {
		if gpg, err = exec.LookPath("gpg"); err != nil {
			return "", fmt.Errorf("the %s backend is %w: the program gpg is not installed", keychain.BackendPass, keychain.ErrUnavailable)
		}
	}
	return gpg, nil
}
