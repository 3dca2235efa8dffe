package agestore

import (
	"bytes"
	"errors"
	"io"

	"filippo.io/age"
)

// ageMagic is the first line of every binary age file: https://age-encryption.org/v1.
const ageMagic = "age-encryption.org/v1\n"

// MaxWorkFactor is the largest scrypt work factor (log2 of N) accepted from a file: 1 GiB of memory and a
// few seconds. age itself writes 18 and accepts up to 22, which is 4 GiB.
const MaxWorkFactor = 20

// The errors of decrypt. The library's own errors quote the file, which may contain a plain-text key.
var (
	errNoMatch = errors.New("encrypted to another recipient")
	errChanged = errors.New("not an age file, or it was changed or cut short")
)

func isEncrypted(identity []byte) bool { return bytes.HasPrefix(identity, []byte(ageMagic)) }

// encrypt returns data as a binary age file.
func encrypt(data []byte, recipient age.Recipient) ([]byte, error) {
	var file bytes.Buffer
	w, err := age.Encrypt(&file, recipient)
	if err != nil {
		return nil, err
	}
	if _, err := w.Write(data); err != nil {
		return nil, err
	}
	if err := w.Close(); err != nil {
		return nil, err
	}
	return file.Bytes(), nil
}

// decrypt decrypts an age file. Errors: errNoMatch, errChanged.
func decrypt(file []byte, id age.Identity) ([]byte, error) {
	// age.Decrypt reads the same files, but fills two buffers of 64 KiB even for the smallest one.
	r, size, err := age.DecryptReaderAt(bytes.NewReader(file), int64(len(file)), id)
	switch {
	case errors.Is(err, age.ErrIncorrectIdentity):
		return nil, errNoMatch
	case err != nil:
		return nil, errChanged
	}
	data := make([]byte, size)
	if n, err := r.ReadAt(data, 0); n < len(data) || err != nil && err != io.EOF {
		return nil, errChanged
	}
	return data, nil
}
