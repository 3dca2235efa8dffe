// Package passphrase finds the passphrases of the file store and of backups when nobody can type them.
package passphrase

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/ragenv/ragenv/internal/bom"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/trustedfile"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Names of the environment variables that this package reads.
const (
	// EnvFile names a file with the passphrase in its first line.
	EnvFile = "RAGENV_PASSPHRASE_FILE"
	// EnvValue holds the passphrase itself. Commands never receive it.
	EnvValue = "RAGENV_PASSPHRASE"
	// EnvCredentials is the directory of a systemd unit's credentials (systemd.exec(5)).
	EnvCredentials = "CREDENTIALS_DIRECTORY"
	// EnvBackupFile names a file with the passphrase of backups in its first line. It differs from the file
	// store's passphrase.
	EnvBackupFile = "RAGENV_BACKUP_PASSPHRASE_FILE"
)

// Variables lead to the file store's passphrase, in the order in which FromEnvironment reads them.
var Variables = []string{EnvFile, EnvCredentials, EnvValue}

// CredentialName is the name of the systemd credential.
const CredentialName = "ragenv-passphrase"

// ErrNone means that no variable leads to a passphrase.
var ErrNone = errors.New("no passphrase in the environment")

const maxLength = 64 << 10

// FromEnvironment returns the passphrase from the first of these that is set: $RAGENV_PASSPHRASE_FILE,
// systemd's credential, $RAGENV_PASSPHRASE. It returns ErrNone if none is set, and an error if a named file
// cannot be used.
func FromEnvironment(getenv func(string) string) ([]byte, error) {
	if path := getenv(EnvFile); path != "" {
		return fromFile(EnvFile, path)
	}
	if dir := getenv(EnvCredentials); dir != "" {
		path := filepath.Join(dir, CredentialName)
		if _, err := os.Lstat(path); err == nil {
			return fromFile(EnvCredentials, path)
		}
	}
	if value := getenv(EnvValue); value != "" {
		return []byte(value), nil
	}
	return nil, ErrNone
}

// ForBackup returns the passphrase from $RAGENV_BACKUP_PASSPHRASE_FILE, or ErrNone if that is not set. The
// file must meet the rules for $RAGENV_PASSPHRASE_FILE.
func ForBackup(getenv func(string) string) ([]byte, error) {
	if path := getenv(EnvBackupFile); path != "" {
		return fromFile(EnvBackupFile, path)
	}
	return nil, ErrNone
}

// FileError reports why a passphrase file is not used.
type FileError struct {
	Variable, Path string
	Err            error
	Fix            string
}

func (e *FileError) Error() string { return fmt.Sprintf("$%s: %s: %v", e.Variable, e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Hint returns how to fix it.
func (e *FileError) Hint() string { return e.Fix }

func fromFile(variable, path string) ([]byte, error) {
	fail := func(err error, hint string) ([]byte, error) {
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err // the message already has the path
		}
		return nil, &FileError{Variable: variable, Path: path, Err: err, Fix: hint}
	}
	f, info, err := trustedfile.Open(path)
	var insecure *keychain.InsecureError
	if errors.As(err, &insecure) {
		if insecure.Path == path {
			return fail(errors.New("it "+insecure.Reason), "chmod 600 "+shellquote.Word(path))
		}
		return fail(insecure, "move it to a directory that nobody else can write to")
	}
	var irregular *readfile.NotRegularError
	if errors.As(err, &irregular) {
		return fail(errors.New("it is "+irregular.Kind()), "name a regular file")
	}
	if err != nil {
		return fail(err, "put the passphrase into the first line of that file, and run: chmod 600 "+shellquote.Word(path))
	}
	defer func() { _ = f.Close() }()
	if err := checkAccess(info, variable == EnvCredentials); err != nil {
		return fail(err, "chmod 600 "+shellquote.Word(path))
	}
	data, err := io.ReadAll(io.LimitReader(f, maxLength))
	if err != nil {
		return fail(err, "")
	}
	if data, err = bom.Text(data); err != nil {
		return fail(err, "write the file as UTF-8")
	}
	line, _, _ := bytes.Cut(data, []byte{'\n'})
	line = bytes.TrimSuffix(line, []byte{'\r'})
	if len(line) == 0 {
		return fail(errors.New("the first line is empty"), "put the passphrase into the first line of that file")
	}
	return line, nil
}
