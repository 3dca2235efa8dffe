// Package passphrase finds the passphrase of the file store, and that of backups, where nobody is there to type it.
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

// Names of environment variables that this package reads.
const (
	// EnvFile names a file that holds the passphrase in its first line.
	EnvFile = "RAGENV_PASSPHRASE_FILE"
	// EnvValue holds the passphrase itself; it is never handed to a command.
	EnvValue = "RAGENV_PASSPHRASE"
	// EnvCredentials is systemd's directory of a unit's credentials (systemd.exec(5)).
	EnvCredentials = "CREDENTIALS_DIRECTORY"
	// EnvBackupFile names a file that holds the passphrase of backups, which is another than the store's, in its first line.
	EnvBackupFile = "RAGENV_BACKUP_PASSPHRASE_FILE"
)

// CredentialName is the name of the systemd credential.
const CredentialName = "ragenv-passphrase"

// ErrNone: no variable names a passphrase.
var ErrNone = errors.New("no passphrase in the environment")

const maxLength = 64 << 10

// FromEnvironment returns the passphrase of, in this order: $RAGENV_PASSPHRASE_FILE, systemd's credential, and
// $RAGENV_PASSPHRASE. ErrNone if none is set. A file that is named but cannot be used is an error, never passed over.
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

// ForBackup returns the passphrase of $RAGENV_BACKUP_PASSPHRASE_FILE, or ErrNone if that is not set. The rules for the file
// are those of $RAGENV_PASSPHRASE_FILE.
func ForBackup(getenv func(string) string) ([]byte, error) {
	if path := getenv(EnvBackupFile); path != "" {
		return fromFile(EnvBackupFile, path)
	}
	return nil, ErrNone
}

// FileError says why a passphrase file is not used.
type FileError struct {
	Variable, Path string
	Err            error
	Fix            string
}

func (e *FileError) Error() string { return fmt.Sprintf("$%s: %s: %v", e.Variable, e.Path, e.Err) }

// Unwrap returns the cause.
func (e *FileError) Unwrap() error { return e.Err }

// Hint returns what fixes it.
func (e *FileError) Hint() string { return e.Fix }

func fromFile(variable, path string) ([]byte, error) {
	fail := func(err error, hint string) ([]byte, error) {
		var pathError *os.PathError
		if errors.As(err, &pathError) {
			err = pathError.Err // the path is said already
		}
		return nil, &FileError{Variable: variable, Path: path, Err: err, Fix: hint}
	}
	f, info, err := trustedfile.Open(path)
	var insecure *keychain.InsecureError
	if errors.As(err, &insecure) {
		if insecure.Path == path {
			return fail(errors.New("it "+insecure.Reason), "chmod 600 "+shellquote.Word(path))
		}
		return fail(insecure, "put it into a directory of your own, that nobody else can write to")
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
