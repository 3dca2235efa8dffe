// Package fingerprint makes short texts by which the keys of several machines are compared, without showing them.
//
// A fingerprint is the first 64 bits of HMAC-SHA-256 under a random key that the caller brings, over the item's name and value.
// Without that key it reveals nothing, and each key gives another fingerprint: there are no lookup tables, and two reports cannot
// be joined. Two different values agree by chance once in 2^64. Anyone with the key can test guesses. NVIDIA's keys have 384
// random bits and cannot be guessed; passwords that people choose can, so use a new key for each comparison.
// The name is part of it, so equal values under two names do not show; the profile is not, so that profiles can be compared.
package fingerprint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// MinKey is the length of the shortest key, in bytes: 128 random bits.
const MinKey = 16

// ErrShortKey: a key that could be guessed.
var ErrShortKey = errors.New("the key is shorter than 16 bytes: take 32 random ones")

// Key makes fingerprints.
type Key struct{ key []byte }

// NewKey takes a random key. Error: ErrShortKey.
func NewKey(key []byte) (*Key, error) {
	if len(key) < MinKey {
		return nil, ErrShortKey
	}
	return &Key{key}, nil
}

// Of returns the fingerprint of a value: 16 hexadecimal digits.
func (k *Key) Of(name, value string) string {
	h := hmac.New(sha256.New, k.key)
	_, _ = h.Write([]byte("ragenv fingerprint 1\x00" + name + "\x00" + value)) // it never fails
	return hex.EncodeToString(h.Sum(nil)[:8])
}
