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

// The errors of a backup that was encrypted in another way than it is read.
var (
	// ErrNeedsIdentity: the backup is encrypted to recipients, not with a passphrase.
	ErrNeedsIdentity = errors.New("it was encrypted to recipients, so an identity opens it, and no passphrase")
	// ErrNeedsPassphrase: the backup is encrypted with a passphrase, not to recipients.
	ErrNeedsPassphrase = errors.New("it was encrypted with a passphrase, so no identity opens it")
	// ErrOtherRecipients: the identity belongs to none of the backup's recipients.
	ErrOtherRecipients = errors.New("it was encrypted to others than this identity")
	// ErrMixedRecipients: age does not encrypt one file to post-quantum recipients and others.
	ErrMixedRecipients = errors.New("age1pq1... cannot be combined with other recipients")
)

// RecipientError says why a recipient cannot be used. It quotes public keys only.
type RecipientError struct {
	Line   int // line in a file; 0 for a single recipient
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

// Unwrap returns Err.
func (e *IdentityError) Unwrap() error { return e.Err }

// Recipient is a public key that a backup is encrypted to.
type Recipient struct{ age age.Recipient }

// ParseRecipient parses a public key of age ("age1...", also "age1pq1...") or SSH ("ssh-ed25519 ...", "ssh-rsa ..."). Error:
// *RecipientError.
func ParseRecipient(text string) (Recipient, error) {
	text = strings.TrimSpace(text)
	var recipient age.Recipient
	var err error
	switch {
	case strings.HasPrefix(text, "AGE-SECRET-KEY-"), strings.HasPrefix(text, "-----BEGIN"):
		return Recipient{}, &RecipientError{Reason: "that is an identity, which is secret: the recipient is its public key"}
	case strings.HasPrefix(text, "age1pq1"):
		recipient, err = age.ParseHybridRecipient(text)
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

// ParseRecipients parses public keys, one per line, and skips empty lines and lines that start with #. It
// reads authorized_keys and .pub files if each line starts with the key. Error: *RecipientError.
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

// WriteTo is Write with recipients, of which there must be at least one, instead of a passphrase. It checks
// the content before encrypting it, because the file cannot be read back here. Errors: those of Write, and
// ErrMixedRecipients.
func WriteTo(w io.Writer, items []keychain.Item, recipients []Recipient, now time.Time) error {
	to, hybrid := make([]age.Recipient, len(recipients)), 0
	for i, r := range recipients {
		to[i] = r.age
		if _, ok := r.age.(*age.HybridRecipient); ok {
			hybrid++
		}
	}
	if hybrid > 0 && hybrid < len(to) {
		return ErrMixedRecipients
	}
	return writeTo(w, items, now, to...)
}

// Identity decrypts a backup encrypted to its recipient.
type Identity struct{ age []age.Identity }

// ParseIdentity parses an age identity file or an SSH private key. It calls ask for a passphrase when one
// is needed. Error: *IdentityError, which contains nothing from the file.
func ParseIdentity(file []byte, ask func() ([]byte, error)) (Identity, error) {
	fail := func(text string) (Identity, error) { return Identity{}, &IdentityError{errors.New(text)} }
	if !bytes.HasPrefix(bytes.TrimSpace(file), []byte("-----BEGIN")) {
		return parseAgeIdentities(file)
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
			if secret, a.failed = ask(); a.failed == nil {
				// The library's error does not say that the passphrase is wrong.
				if _, err := ssh.ParseRawPrivateKeyWithPassphrase(file, secret); errors.Is(err, x509.IncorrectPasswordError) {
					a.failed = keychain.ErrWrongPassphrase
				}
			}
			return secret, a.failed
		})
		identity = a
	}
	if err != nil {
		return fail("its kind cannot open backups: Ed25519 and RSA keys can")
	}
	return Identity{[]age.Identity{identity}}, nil
}

// parseAgeIdentities parses a file written by age-keygen. The library's errors say less than ours.
func parseAgeIdentities(file []byte) (Identity, error) {
	identities, err := age.ParseIdentities(bytes.NewReader(file))
	if err != nil {
		return Identity{}, &IdentityError{errors.New("it is neither an identity file of age nor a private key of SSH")}
	}
	return Identity{identities}, nil
}

// asking is an identity that prompts for its passphrase. It records its own failures, to distinguish them
// from the file's.
type asking struct {
	age.Identity
	failed error // the error of the prompt, or keychain.ErrWrongPassphrase
}

// Unwrap implements age.Identity.
func (a *asking) Unwrap(stanzas []*age.Stanza) ([]byte, error) {
	key, err := a.Identity.Unwrap(stanzas)
	if a.failed != nil {
		return nil, &IdentityError{a.failed}
	}
	if err != nil && !errors.Is(err, age.ErrIncorrectIdentity) {
		err = &IdentityError{err}
	}
	return key, err
}

// ReadWith is Read with an identity. Errors: those of Read, ErrOtherRecipients, ErrNeedsPassphrase, and
// *IdentityError if the identity's passphrase is wrong or not available.
func ReadWith(r io.Reader, identity Identity) ([]keychain.Item, error) {
	return readWith(r, identity.age...)
}
