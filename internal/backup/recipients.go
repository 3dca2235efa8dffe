package backup

import (
	"bytes"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"

	"filippo.io/age"
	"filippo.io/age/agessh"
	"golang.org/x/crypto/ssh"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// What does not fit together of a backup and how it is read.
var (
	// ErrNeedsIdentity: the backup is encrypted to recipients, not with a passphrase.
	ErrNeedsIdentity = errors.New("it was encrypted to recipients, so an identity opens it, and no passphrase")
	// ErrNeedsPassphrase: the backup is encrypted with a passphrase, not to recipients.
	ErrNeedsPassphrase = errors.New("it was encrypted with a passphrase, so no identity opens it")
	// ErrOtherRecipients: the identity is none of the backup's recipients'.
	ErrOtherRecipients = errors.New("it was encrypted to others than this identity")
)

// RecipientError says which recipient cannot be used. It quotes public keys only.
type RecipientError struct {
	Line   int // in a file, 0 for one that was given by itself
	Reason string
}

func (e *RecipientError) Error() string {
	if e.Line > 0 {
		return fmt.Sprintf("line %d: %s", e.Line, e.Reason)
	}
	return e.Reason
}

// IdentityError says why an identity cannot be used.
type IdentityError struct{ Err error }

func (e *IdentityError) Error() string { return e.Err.Error() }

// Unwrap returns the cause.
func (e *IdentityError) Unwrap() error { return e.Err }

// Recipient is a public key that a backup is encrypted to.
type Recipient struct{ age age.Recipient }

// ParseRecipient reads a public key of age ("age1...") or of SSH ("ssh-ed25519 ...", "ssh-rsa ..."). Error: *RecipientError.
func ParseRecipient(text string) (Recipient, error) {
	text = strings.TrimSpace(text)
	var recipient age.Recipient
	var err error
	switch {
	case strings.HasPrefix(text, "AGE-SECRET-KEY-"), strings.HasPrefix(text, "-----BEGIN"):
		return Recipient{}, &RecipientError{Reason: "that is an identity, which is secret: the recipient is its public key"}
	case strings.HasPrefix(text, "age1"):
		recipient, err = age.ParseX25519Recipient(text)
	case strings.HasPrefix(text, "ssh-"):
		recipient, err = agessh.ParseRecipient(text)
	default:
		return Recipient{}, &RecipientError{Reason: "that is neither age1..., nor ssh-ed25519 ... or ssh-rsa ..."}
	}
	if err != nil {
		return Recipient{}, &RecipientError{Reason: fmt.Sprintf("%.20s...: not a public key: mistyped or cut short", text)}
	}
	return Recipient{recipient}, nil
}

// ParseRecipients reads public keys, one a line; empty lines and those that begin with # are dropped. So authorized_keys and a
// host's .pub file can be read, as far as a line begins with the key. Error: *RecipientError.
func ParseRecipients(text string) ([]Recipient, error) {
	var recipients []Recipient
	for i, line := range strings.Split(text, "\n") {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		r, err := ParseRecipient(line)
		var bad *RecipientError
		if errors.As(err, &bad) {
			bad.Line = i + 1
			return nil, bad
		}
		recipients = append(recipients, r)
	}
	return recipients, nil
}

// WriteTo writes items as Write does, encrypted to recipients; there must be one. Before it is written, what is inside is read
// again; nobody here can open the file. Errors: those of Write.
func WriteTo(w io.Writer, items []keychain.Item, recipients []Recipient, now time.Time) error {
	to := make([]age.Recipient, len(recipients))
	for i, r := range recipients {
		to[i] = r.age
	}
	return writeTo(w, items, now, to...)
}

// Identity opens a backup that was encrypted to its recipient.
type Identity struct{ age []age.Identity }

// ParseIdentity reads an identity file of age, or a private key of SSH. One that has a passphrase calls ask when it is needed.
// Error: *IdentityError, which holds nothing of the file.
func ParseIdentity(file []byte, ask func() ([]byte, error)) (Identity, error) {
	fail := func(text string) (Identity, error) { return Identity{}, &IdentityError{errors.New(text)} }
	if !bytes.HasPrefix(bytes.TrimSpace(file), []byte("-----BEGIN")) {
		return parseAgeIdentities(string(file))
	}
	if bytes.Contains(file, []byte("-----BEGIN AGE ENCRYPTED FILE-----")) {
		return fail("it is encrypted: decrypt it with age -d first")
	}
	identity, err := agessh.ParseIdentity(file)
	var locked *ssh.PassphraseMissingError
	switch {
	case errors.As(err, &locked) && locked.PublicKey == nil:
		return fail("it has a passphrase, and an old format: ssh-keygen -p -f FILE writes the new one")
	case errors.As(err, &locked):
		a := &asking{}
		a.Identity, err = agessh.NewEncryptedSSHIdentity(locked.PublicKey, file, func() (secret []byte, err error) {
			secret, a.failed = ask()
			return secret, a.failed
		})
		identity = a
	}
	if err != nil {
		return fail("its kind cannot open backups: Ed25519 and RSA keys can")
	}
	return Identity{[]age.Identity{identity}}, nil
}

// parseAgeIdentities reads the file that age-keygen writes. age.ParseIdentities would link the post-quantum kind of key, too,
// which is as large as the rest of age.
func parseAgeIdentities(text string) (Identity, error) {
	var identity Identity
	for line := range strings.Lines(text) {
		if line = strings.TrimSpace(line); line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		one, err := age.ParseX25519Identity(line)
		if err != nil {
			return Identity{}, &IdentityError{errors.New("it is neither an identity file of age nor a private key of SSH")}
		}
		identity.age = append(identity.age, one)
	}
	if len(identity.age) == 0 {
		return Identity{}, &IdentityError{errors.New("there is no identity in it")}
	}
	return identity, nil
}

// asking is an identity that asks for a passphrase. Its failures are told apart from those of the file.
type asking struct {
	age.Identity
	failed error // of asking
}

// Unwrap implements age.Identity.
func (a *asking) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	key, err := a.Identity.Unwrap(stanzas)
	if a.failed != nil {
		return nil, &IdentityError{a.failed}
	}
	if err != nil && !errors.Is(err, age.ErrIncorrectIdentity) {
		if errors.Is(err, x509.IncorrectPasswordError) {
			err = keychain.ErrWrongPassphrase
		}
		err = &IdentityError{err}
	}
	return key, err
}

// ReadWith is Read with an identity. Errors: those of Read, ErrOtherRecipients, ErrNeedsPassphrase, and *IdentityError if its
// passphrase could not be had, or is wrong.
func ReadWith(r io.Reader, identity Identity) ([]keychain.Item, error) {
	return readWith(r, identity.age...)
}
