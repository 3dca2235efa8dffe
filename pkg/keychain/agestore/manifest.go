package agestore

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
)

// manifest is store.json. New fields may be added within a format; Format is raised if an older program
// could not read the store.
type manifest struct {
	Format    int    `json:"format"`
	Recipient string `json:"recipient"`
	// IdentitySums are hex SHA-256 sums of the identity file: one, or the old and the new during a change.
	IdentitySums []string `json:"identity_sha256"`
	// WorkFactor was chosen when the store was created and applies to every passphrase. Zero means
	// DefaultWorkFactor.
	WorkFactor int `json:"work_factor,omitempty"`
}

// readManifest reads store.json. Errors: ErrNoStore, ErrDamaged, ErrNewerFormat, ErrInsecure.
func readManifest(opts Options) (manifest, error) {
	var m manifest
	data, err := readFile(opts.path(manifestName), 1<<16)
	if errors.Is(err, fs.ErrNotExist) && hasItems(opts.Dir) {
		return m, fmt.Errorf("%w: %s is missing, and encrypted keys are next to it", ErrDamaged, opts.path(manifestName))
	}
	if errors.Is(err, fs.ErrNotExist) {
		return m, fmt.Errorf("%w in %s", ErrNoStore, opts.Dir)
	}
	if err != nil {
		return m, err
	}
	err = json.Unmarshal(data, &m)
	// Check the format first: a newer format may change the type of other members, which is an error, but
	// Unmarshal still decodes the rest.
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
