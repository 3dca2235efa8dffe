package agefile

import (
	"crypto/cipher"
	"crypto/hkdf"
	"crypto/sha256"
	"encoding/binary"
	"fmt"

	"golang.org/x/crypto/chacha20poly1305"
)

const (
	nonceSize = 16       // of the payload's key
	chunkSize = 64 << 10 // of data; each is sealed by itself
	sealed    = chunkSize + chacha20poly1305.Overhead
)

// chunkNonce is a counter of 11 bytes, and 1 in the last byte for the last chunk.
type chunkNonce [chacha20poly1305.NonceSize]byte

func nonceOf(chunk int, last bool) *chunkNonce {
	var n chunkNonce
	binary.BigEndian.PutUint64(n[3:11], uint64(chunk))
	if last {
		n[11] = 1
	}
	return &n
}

func payloadAEAD(fileKey, nonce []byte) (cipher.AEAD, error) {
	key, err := hkdf.Key(sha256.New, fileKey, nonce, "payload", chacha20poly1305.KeySize)
	if err != nil {
		return nil, err
	}
	return chacha20poly1305.New(key)
}

// seal appends the encrypted data to out.
func seal(out, fileKey, nonce, data []byte) ([]byte, error) {
	aead, err := payloadAEAD(fileKey, nonce)
	if err != nil {
		return nil, err
	}
	for chunk := 0; ; chunk++ {
		last := len(data) <= chunkSize
		size := min(len(data), chunkSize)
		out = aead.Seal(out, nonceOf(chunk, last)[:], data[:size], nil)
		if last {
			return out, nil
		}
		data = data[size:]
	}
}

// open is the inverse of seal. Its error is ErrPayload.
func open(fileKey, nonce, payload []byte) ([]byte, error) {
	aead, err := payloadAEAD(fileKey, nonce)
	if err != nil {
		return nil, err
	}
	data := make([]byte, 0, len(payload))
	for chunk := 0; ; chunk++ {
		last := len(payload) <= sealed
		size := min(len(payload), sealed)
		// An empty last chunk is that of empty data: otherwise the same data would have two encodings.
		if last && chunk > 0 && size == chacha20poly1305.Overhead {
			return nil, fmt.Errorf("%w: an empty chunk", ErrPayload)
		}
		if data, err = aead.Open(data, nonceOf(chunk, last)[:], payload[:size], nil); err != nil {
			return nil, ErrPayload
		}
		if last {
			return data, nil
		}
		payload = payload[size:]
	}
}
