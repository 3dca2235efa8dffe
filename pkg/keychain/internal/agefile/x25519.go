package agefile

import (
	"crypto/ecdh"
	"crypto/hkdf"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"strings"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	x25519Kind     = "X25519"
	x25519Label    = "age-encryption.org/v1/X25519"
	recipientHRP   = "age"
	identityHRP    = "AGE-SECRET-KEY-"
	x25519KeySize  = 32
	identityPrefix = identityHRP + "1"
)

// ErrKey: not an X25519 recipient or identity. It quotes nothing.
var ErrKey = errors.New("not an age X25519 key")

// X25519Recipient is a public key. Two of the same key are equal.
type X25519Recipient struct{ key [x25519KeySize]byte }

// ParseX25519Recipient reads "age1...". Its error is ErrKey.
func ParseX25519Recipient(text string) (X25519Recipient, error) {
	hrp, data, ok := bech32Decode(text)
	if !ok || hrp != recipientHRP || len(data) != x25519KeySize {
		return X25519Recipient{}, ErrKey
	}
	return X25519Recipient{[x25519KeySize]byte(data)}, nil
}

// String returns the recipient as "age1...".
func (r X25519Recipient) String() string { return bech32Encode(recipientHRP, r.key[:]) }

func (r X25519Recipient) wrap(fileKey []byte) (stanza, error) {
	ephemeral, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return stanza{}, err
	}
	key, err := x25519WrapKey(ephemeral, r.key[:], ephemeral.PublicKey().Bytes(), r.key[:])
	if err != nil {
		return stanza{}, err
	}
	body, err := wrapKey(key, fileKey)
	return stanza{kind: x25519Kind, args: []string{encode(ephemeral.PublicKey().Bytes())}, body: body}, err
}

// X25519Identity is a private key, and its public one.
type X25519Identity struct {
	key       *ecdh.PrivateKey
	recipient X25519Recipient
}

// GenerateX25519Identity makes a new key.
func GenerateX25519Identity() (*X25519Identity, error) {
	key, err := ecdh.X25519().GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	return newX25519Identity(key), nil
}

// ParseX25519Identity reads "AGE-SECRET-KEY-1...". Its error is ErrKey.
func ParseX25519Identity(text string) (*X25519Identity, error) {
	if !strings.HasPrefix(text, identityPrefix) {
		return nil, ErrKey
	}
	hrp, data, ok := bech32Decode(text)
	if !ok || hrp != identityHRP || len(data) != x25519KeySize {
		return nil, ErrKey
	}
	key, err := ecdh.X25519().NewPrivateKey(data)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrKey, err)
	}
	return newX25519Identity(key), nil
}

func newX25519Identity(key *ecdh.PrivateKey) *X25519Identity {
	return &X25519Identity{key, X25519Recipient{[x25519KeySize]byte(key.PublicKey().Bytes())}}
}

// Recipient returns the public key.
func (i *X25519Identity) Recipient() X25519Recipient { return i.recipient }

// Reveal returns the private key as "AGE-SECRET-KEY-1...".
func (i *X25519Identity) Reveal() string { return bech32Encode(identityHRP, i.key.Bytes()) }

// Format implements fmt.Formatter for every verb: the key is not shown.
func (*X25519Identity) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(identity)")) }

func (i *X25519Identity) unwrap(stanzas []stanza) ([]byte, error) {
	for _, s := range stanzas {
		switch s.kind {
		case scryptKind:
			if len(stanzas) != 1 {
				return nil, errScryptBesideOthers()
			}
		case x25519Kind:
			if fileKey, err := i.unwrapOne(s); !errors.Is(err, ErrNoMatch) {
				return fileKey, err
			}
		}
	}
	return nil, ErrNoMatch
}

func (i *X25519Identity) unwrapOne(s stanza) ([]byte, error) {
	if len(s.args) != 1 {
		return nil, fmt.Errorf("%w: an X25519 stanza", ErrHeader)
	}
	share, ok := decode(s.args[0])
	if !ok || len(share) != x25519KeySize {
		return nil, fmt.Errorf("%w: an X25519 stanza", ErrHeader)
	}
	key, err := x25519WrapKey(i.key, share, share, i.recipient.key[:])
	if err != nil {
		return nil, err
	}
	return unwrapKey(key, s.body)
}

// x25519WrapKey derives the key that wraps a file key. A remote point of low order, by which it would be known to all, is ErrHeader.
func x25519WrapKey(own *ecdh.PrivateKey, remote, share, recipient []byte) ([]byte, error) {
	public, err := ecdh.X25519().NewPublicKey(remote)
	if err != nil {
		return nil, err
	}
	shared, err := own.ECDH(public)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHeader, err)
	}
	salt := append(append(make([]byte, 0, 2*x25519KeySize), share...), recipient...)
	return hkdf.Key(sha256.New, shared, salt, x25519Label, chacha20poly1305.KeySize)
}
