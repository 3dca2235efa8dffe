package agestore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// manifest is store.json. Fields may be added within a format; Format grows when an older program could not cope.
type manifest struct {
	Format    int    `json:"format"`
	Recipient string `json:"recipient"`
	// IdentitySums are SHA-256 sums, in hex, of what the identity file may hold: one, or two during a change.
	IdentitySums []string `json:"identity_sha256"`
	// WorkFactor is the one chosen when the store was created, for every passphrase of it; zero is DefaultWorkFactor.
	WorkFactor int `json:"work_factor,omitempty"`
}

// readManifest returns ErrNoStore, ErrDamaged, ErrNewerFormat or ErrInsecure.
func readManifest(opts Options) (manifest, error) {
	var m manifest
	data, err := readFile(opts.path(manifestName), 1<<16)
	if errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%w in %s", ErrNoStore, opts.Dir)
	}
	if err != nil {
		return m, err
	}
	err = json.Unmarshal(data, &m)
	// First: other members of a newer format may be of other types, which are errors, but keep no member from being read.
	if m.Format > FormatVersion {
		return m, fmt.Errorf("%w: %s has format %d, this program knows up to %d", ErrNewerFormat, opts.Dir, m.Format, FormatVersion)
	}
	if err != nil || m.Format < 1 || m.WorkFactor < 0 || m.WorkFactor > MaxWorkFactor {
		return m, fmt.Errorf("%w: %s is not a store's description", ErrDamaged, opts.path(manifestName))
	}
	return m, nil
}

func writeManifest(opts Options, m manifest) error {
	data, err := json.Marshal(m)
	if err != nil {
		return err
	}
	return writeFile(opts.Dir, manifestName, append(data, '\n'))
}

func sum(data []byte) string {
	digest := sha256.Sum256(data)
	return hex.EncodeToString(digest[:])
}
