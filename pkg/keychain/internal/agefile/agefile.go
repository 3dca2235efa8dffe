// Package agefile encrypts small data to one recipient as an age file, and decrypts such a file, in memory.
//
// The format is https://age-encryption.org/v1; what it specifies of X25519 and scrypt recipients is all here, so that the stock
// age tool reads these files, and these functions what it writes for one of both. The primitives are the standard library's and
// golang.org/x/crypto's. filippo.io/age does the same and much more, as streams; linked into a program that Docker starts
// for every image, it costs an eighth of an empty program's whole run, and each of its decryptions computes the
// identity's public key anew (docs/benchmarks.md).
package agefile

import (
	"crypto/hkdf"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

// The errors of Decrypt, matched with errors.Is. They quote nothing of a file.
var (
	// ErrHeader: it is no age file, or not a whole one.
	ErrHeader = errors.New("not an age file of version 1")
	// ErrNoMatch: the file was encrypted to others, or with another passphrase.
	ErrNoMatch = errors.New("encrypted to another recipient")
	// ErrMAC: the header is not the one that was written with the file key.
	ErrMAC = errors.New("the header was changed")
	// ErrPayload: the data is not what was encrypted, or not all of it.
	ErrPayload = errors.New("the encrypted data was changed")
)

// Magic is the first line of every age file.
const Magic = "age-encryption.org/v1\n"

// fileKeySize is the length of a file key, in bytes.
const fileKeySize = 16

// Recipient is whom a file is encrypted to: an X25519Recipient, or a ScryptRecipient.
type Recipient interface {
	wrap(fileKey []byte) (stanza, error)
}

// Identity opens what was encrypted to its recipient: an X25519Identity, or a ScryptIdentity.
type Identity interface {
	// unwrap returns a file key, or ErrNoMatch or ErrHeader.
	unwrap(stanzas []stanza) ([]byte, error)
}

// Encrypt returns data as an age file for one recipient.
func Encrypt(data []byte, to Recipient) ([]byte, error) {
	fileKey := random(fileKeySize)
	s, err := to.wrap(fileKey)
	if err != nil {
		return nil, err
	}
	signed := appendHeader(make([]byte, 0, len(data)+len(data)/chunkSize*chacha20poly1305.Overhead+512), s)
	mac, err := headerMAC(fileKey, signed)
	if err != nil {
		return nil, err
	}
	file := append(append(append(signed, ' '), encode(mac)...), '\n')
	nonce := random(nonceSize)
	return seal(append(file, nonce...), fileKey, nonce, data)
}

// Decrypt returns the data of an age file: all of it, or an error. Errors: ErrHeader, ErrNoMatch, ErrMAC, ErrPayload.
func Decrypt(file []byte, identity Identity) ([]byte, error) {
	h, err := parseHeader(file)
	if err != nil {
		return nil, err
	}
	fileKey, err := identity.unwrap(h.stanzas)
	if err != nil {
		return nil, err
	}
	mac, err := headerMAC(fileKey, h.signed)
	if err != nil {
		return nil, err
	}
	if !hmac.Equal(mac, h.mac) {
		return nil, ErrMAC
	}
	if len(h.payload) < nonceSize {
		return nil, fmt.Errorf("%w: it ends after the header", ErrHeader)
	}
	return open(fileKey, h.payload[:nonceSize], h.payload[nonceSize:])
}

// headerMAC authenticates the header up to and including "---".
func headerMAC(fileKey, signed []byte) ([]byte, error) {
	key, err := hkdf.Key(sha256.New, fileKey, nil, "header", sha256.Size)
	if err != nil {
		return nil, err
	}
	mac := hmac.New(sha256.New, key)
	mac.Write(signed)
	return mac.Sum(nil), nil
}

// wrapKey encrypts a file key with a key that is used for nothing else, hence the nonce of zeros.
func wrapKey(key, fileKey []byte) ([]byte, error) {
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	return aead.Seal(nil, make([]byte, chacha20poly1305.NonceSize), fileKey, nil), nil
}

// unwrapKey is the inverse of wrapKey. A wrapped key of another length is ErrHeader, before it is decrypted: else a file could be made
// that several keys open. Another key is ErrNoMatch.
func unwrapKey(key, wrapped []byte) ([]byte, error) {
	if len(wrapped) != fileKeySize+chacha20poly1305.Overhead {
		return nil, fmt.Errorf("%w: a file key of another length", ErrHeader)
	}
	aead, err := chacha20poly1305.New(key)
	if err != nil {
		return nil, err
	}
	fileKey, err := aead.Open(nil, make([]byte, chacha20poly1305.NonceSize), wrapped, nil)
	if err != nil {
		return nil, ErrNoMatch
	}
	return fileKey, nil
}

func random(size int) []byte {
	data := make([]byte, size)
	_, _ = rand.Read(data) // never fails: it ends the program instead
	return data
}
