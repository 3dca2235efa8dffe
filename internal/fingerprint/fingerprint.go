// Package fingerprint computes short fingerprints of keys, to compare the keys of several machines without
// showing them.
//
// A fingerprint is the first 64 bits of HMAC-SHA-256 over the item's name and value, under a random key
// from the caller. Without that key it reveals nothing. Each key gives different fingerprints, so there are
// no lookup tables and two reports cannot be joined. Two different values collide with a probability of 1
// in 2^64.
//
// Anyone with the key can test guesses. NVIDIA's keys have 384 random bits and cannot be guessed, but
// passwords that people choose can, so use a new key for each comparison. The name is included, so equal
// values under two names do not show. The profile is not, so profiles can be compared.
package fingerprint

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"errors"
)

// minKey is the minimum length of a key in bytes: 128 random bits.
const minKey = 16

// ErrShortKey reports a key that is short enough to be guessed.
var ErrShortKey = errors.New("the key is shorter than 16 bytes: take 32 random ones")

// Key computes fingerprints under one key.
type Key struct{ key []byte }

// NewKey returns a Key for at least minKey random bytes. It keeps the slice. Error: ErrShortKey.
func NewKey(key []byte) (*Key, error) {
	if len(key) < minKey {
		return nil, ErrShortKey
	}
	return &Key{key}, nil
}

// Of returns the fingerprint of a value as 16 hexadecimal digits.
func (k *Key) Of(name, value string) string {
	h := hmac.New(sha256.New, k.key)
	_, _ = h.Write([]byte("ragenv fingerprint 1\x00" + name + "\x00" + value)) // a hash never returns an error
	return hex.EncodeToString(h.Sum(nil)[:8])
}
