package agefile

import (
	"fmt"
	"strconv"

	"golang.org/x/crypto/chacha20poly1305"
	"golang.org/x/crypto/scrypt"
)

const (
	scryptKind     = "scrypt"
	scryptLabel    = "age-encryption.org/v1/scrypt"
	scryptSaltSize = 16
	// DefaultWorkFactor is log2 of scrypt's N: 256 MiB, about a second. It is what age writes.
	DefaultWorkFactor = 18
)

// errScryptBesideOthers: what a passphrase opens is to be known to come from who knows that, not from any recipient.
func errScryptBesideOthers() error {
	return fmt.Errorf("%w: a passphrase beside another recipient", ErrHeader)
}

// ScryptRecipient encrypts with a passphrase.
type ScryptRecipient struct {
	Passphrase []byte
	WorkFactor int // log2 of N, 1 to 30; zero is DefaultWorkFactor
}

func (r ScryptRecipient) wrap(fileKey []byte) (stanza, error) {
	workFactor := r.WorkFactor
	if workFactor == 0 {
		workFactor = DefaultWorkFactor
	}
	salt := random(scryptSaltSize)
	key, err := scryptWrapKey(r.Passphrase, salt, workFactor)
	if err != nil {
		return stanza{}, err
	}
	body, err := wrapKey(key, fileKey)
	return stanza{kind: scryptKind, args: []string{encode(salt), strconv.Itoa(workFactor)}, body: body}, err
}

// ScryptIdentity opens what was encrypted with a passphrase.
type ScryptIdentity struct {
	Passphrase []byte
	// MaxWorkFactor bounds what a file can make us spend: 2 to its power KiB, and the time to fill them. A file that asks for
	// more is ErrHeader.
	MaxWorkFactor int
}

func (i ScryptIdentity) unwrap(stanzas []stanza) ([]byte, error) {
	for _, s := range stanzas {
		if s.kind != scryptKind {
			continue
		}
		if len(stanzas) != 1 {
			return nil, errScryptBesideOthers()
		}
		return i.unwrapOne(s)
	}
	return nil, ErrNoMatch
}

func (i ScryptIdentity) unwrapOne(s stanza) ([]byte, error) {
	if len(s.args) != 2 {
		return nil, fmt.Errorf("%w: a scrypt stanza", ErrHeader)
	}
	salt, ok := decode(s.args[0])
	workFactor, err := strconv.Atoi(s.args[1])
	// Itoa: no sign, no leading zeros.
	if !ok || len(salt) != scryptSaltSize || err != nil || workFactor < 1 || strconv.Itoa(workFactor) != s.args[1] {
		return nil, fmt.Errorf("%w: a scrypt stanza", ErrHeader)
	}
	if workFactor > i.MaxWorkFactor {
		return nil, fmt.Errorf("%w: scrypt work factor %d, at most %d is taken", ErrHeader, workFactor, i.MaxWorkFactor)
	}
	if len(s.body) != fileKeySize+chacha20poly1305.Overhead {
		return nil, fmt.Errorf("%w: a file key of another length", ErrHeader)
	}
	key, err := scryptWrapKey(i.Passphrase, salt, workFactor)
	if err != nil {
		return nil, err
	}
	return unwrapKey(key, s.body)
}

func scryptWrapKey(passphrase, salt []byte, workFactor int) ([]byte, error) {
	return scrypt.Key(passphrase, append([]byte(scryptLabel), salt...), 1<<workFactor, 8, 1, chacha20poly1305.KeySize)
}
