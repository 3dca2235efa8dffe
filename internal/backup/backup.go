// Package backup writes all items to one armored age file and reads them back. The file is encrypted with a
// passphrase, or to age or SSH recipients. "age -d FILE" or "age -d -i IDENTITY FILE" reads it without
// ragenv.
//
// The content is one JSON object:
//
//	{
//	  "format": "ragenv backup",
//	  "version": 1,
//	  "created": "2026-11-22T10:00:00Z",
//	  "items": [
//	    {
//	      "profile": "default",
//	      "kind": "env",                        env, registry, previous or fingerprint (package keychain)
//	      "name": "NGC_API_KEY",                the environment variable, or the registry
//	      "username": "",                       registry only; omitted when empty
//	      "secret": "...",                      or "secret_base64", for bytes that are not UTF-8
//	      "updated": "2026-11-01T09:00:00Z",
//	      "expires": "2027-01-31T23:59:59Z"     omitted when unknown
//	    }
//	  ]
//	}
//
// Times are RFC 3339 in UTC, to the second.
package backup

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"time"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/agestore"
)

// MaxSize is the maximum size of a backup file, in bytes, for Write and Read. Most keychains are far
// smaller.
const MaxSize = 64 << 20

// limit is MaxSize. Only a test lowers it: a file of that size takes seconds.
var limit = MaxSize

// ErrNotBackup: the file is not encrypted with age, or its content is not a backup.
var ErrNotBackup = errors.New("not a backup made by ragenv")

// ErrPassphrase: the passphrase is empty or has a line break, so age -d could not read a file encrypted
// with it.
var ErrPassphrase = errors.New("the passphrase must be one line and not empty")

// Write writes items of any number of profiles, sorted and encrypted with the passphrase. now is recorded
// as the time of the backup. Items must differ in profile, kind or name. Errors: ErrPassphrase,
// keychain.ErrTooLarge for more than MaxSize, keychain.ErrDamaged for an item that Read would reject, and
// w's.
func Write(w io.Writer, items []keychain.Item, passphrase []byte, now time.Time) error {
	factor, _ := strconv.Atoi(WorkFactor)
	return write(w, items, passphrase, now, factor)
}

// WorkFactor is scrypt's work factor, log2 of N. Only tests set it, directly or with -X, so that a backup
// does not take a second. In a release it is empty, which means age's default, 18.
var WorkFactor string

// write is Write with a work factor; 0 means age's default.
func write(w io.Writer, items []keychain.Item, passphrase []byte, now time.Time, workFactor int) error {
	if len(passphrase) == 0 || bytes.ContainsAny(passphrase, "\r\n") {
		return ErrPassphrase
	}
	recipient, err := age.NewScryptRecipient(string(passphrase))
	if err != nil {
		return err
	}
	if workFactor != 0 {
		recipient.SetWorkFactor(workFactor)
	}
	return writeTo(w, items, now, recipient)
}

// writeTo writes items encrypted so that any one of recipients can read them.
func writeTo(w io.Writer, items []keychain.Item, now time.Time, recipients ...age.Recipient) error {
	plain, err := content(items, now) // complete first, so that an error leaves no partial file
	if err != nil {
		return err
	}
	var file bytes.Buffer
	armored := armor.NewWriter(&file)
	encrypted, err := age.Encrypt(armored, recipients...)
	if err != nil {
		return err
	}
	if _, err := encrypted.Write(plain); err != nil {
		return err
	}
	if err := encrypted.Close(); err != nil {
		return err
	}
	if err := armored.Close(); err != nil {
		return err
	}
	if file.Len() > limit {
		return fmt.Errorf("the backup would be %w: at most %d MiB can be read again", keychain.ErrTooLarge, limit>>20)
	}
	_, err = w.Write(file.Bytes())
	return err
}

// Verify returns nil if Read returns exactly these items. Errors: keychain.ErrDamaged, and those of Read.
func Verify(r io.Reader, items []keychain.Item, passphrase []byte) error {
	found, err := Read(r, passphrase)
	if err != nil {
		return err
	}
	read := make(map[keychain.Ref]keychain.Item, len(found))
	for _, item := range found {
		read[item.Ref] = item
	}
	for _, want := range items {
		got, ok := read[want.Ref]
		want.Updated, want.Expires = seconds(want.Updated), seconds(want.Expires)
		if !ok || len(found) != len(items) || got != want {
			return fmt.Errorf("%w: %s is not read from the backup as it was written", keychain.ErrDamaged, want.Ref)
		}
	}
	return nil
}

// Read returns all items of a backup, sorted, whether the file is armored or not. Errors: ErrNotBackup,
// ErrNeedsIdentity, keychain.ErrWrongPassphrase, keychain.ErrNewerFormat, keychain.ErrDamaged, or r's. No
// error shows the content.
func Read(r io.Reader, passphrase []byte) ([]keychain.Item, error) {
	return read(r, passphrase, agestore.MaxWorkFactor)
}

func read(r io.Reader, passphrase []byte, maxWorkFactor int) ([]keychain.Item, error) {
	if len(passphrase) == 0 {
		return nil, fmt.Errorf("%w: it is empty", keychain.ErrWrongPassphrase)
	}
	identity, err := age.NewScryptIdentity(string(passphrase))
	if err != nil {
		return nil, err
	}
	identity.SetMaxWorkFactor(maxWorkFactor)
	return readWith(r, identity)
}

// readWith reads a backup with any of identities.
func readWith(r io.Reader, identities ...age.Identity) ([]keychain.Item, error) {
	plain, err := decrypt(r, identities)
	if err != nil {
		return nil, err
	}
	return parse(plain)
}

func decrypt(r io.Reader, identities []age.Identity) ([]byte, error) {
	source := &reader{r: io.LimitReader(r, int64(limit))}
	buffered := bufio.NewReader(source)
	const binary = "age-encryption.org/"
	var encrypted io.Reader = buffered
	if start, err := buffered.Peek(len(binary)); err != nil && err != io.EOF {
		return nil, err
	} else if string(start) != binary {
		encrypted = armor.NewReader(buffered)
	}
	opened, err := age.Decrypt(encrypted, identities...)
	var mismatch *age.NoIdentityMatchError
	var asked *IdentityError
	_, byPassphrase := identities[0].(*age.ScryptIdentity)
	switch {
	case source.err != nil:
		return nil, source.err
	case errors.As(err, &asked):
		return nil, asked
	case errors.As(err, &mismatch) && slices.Contains(mismatch.StanzaTypes, "scrypt") == byPassphrase:
		if byPassphrase {
			return nil, keychain.ErrWrongPassphrase
		}
		return nil, ErrOtherRecipients
	case errors.As(err, &mismatch) && byPassphrase:
		return nil, ErrNeedsIdentity
	case errors.As(err, &mismatch):
		return nil, ErrNeedsPassphrase
	case err != nil:
		return nil, ErrNotBackup // age's own error quotes the file, which may contain plain-text keys
	}
	plain, err := io.ReadAll(opened)
	switch {
	case source.err != nil:
		return nil, source.err
	case err != nil:
		return nil, fmt.Errorf("%w: the backup is cut short, or was changed", keychain.ErrDamaged)
	}
	return plain, nil
}

// Examine returns the error of Read for a file that no passphrase opens: ErrNotBackup, ErrNeedsIdentity or r's.
func Examine(r io.Reader) error {
	_, err := decrypt(r, []age.Identity{nobody{}})
	switch {
	case errors.Is(err, ErrNeedsPassphrase):
		return nil
	case errors.Is(err, ErrOtherRecipients):
		return ErrNeedsIdentity
	}
	return err
}

// nobody opens no file.
type nobody struct{}

func (nobody) Unwrap([]*age.Stanza) ([]byte, error) { return nil, age.ErrIncorrectIdentity }

// reader records errors of reading the file, to distinguish them from errors in its content.
type reader struct {
	r   io.Reader
	err error
}

func (r *reader) Read(p []byte) (int, error) {
	n, err := r.r.Read(p)
	if err != nil && err != io.EOF {
		r.err = err
	}
	return n, err
}
