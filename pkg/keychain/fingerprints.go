package keychain

import (
	"bytes"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

// MaxFingerprints is the number of values remembered per item. The oldest are dropped first.
const MaxFingerprints = 8

// fingerprintKey is the length of a fingerprint's key, in bytes. At this size eight fingerprints fit in the
// 2,560 bytes of a Windows Credential Manager entry.
const fingerprintKey = 16

// Fingerprint recognizes a current or former value of an environment item without containing it: an
// HMAC-SHA-256 under a random key. Both are stored in an encrypted item, so nobody can guess a weak value
// from the keychain's files.
type Fingerprint struct {
	Ref    Ref       // the environment item
	Stored time.Time // when the value was stored, UTC, seconds
	Length int       // length of the value, in bytes
	key    []byte
	mac    []byte
}

// Matches reports whether value is the remembered one.
func (f Fingerprint) Matches(value string) bool {
	return len(value) == f.Length && hmac.Equal(f.mac, macOf(f.key, value))
}

func macOf(key []byte, value string) []byte {
	h := hmac.New(sha256.New, key)
	_, _ = h.Write([]byte(value)) // it never fails
	return h.Sum(nil)
}

func newFingerprint(ref Ref, value string, stored time.Time) Fingerprint {
	key := make([]byte, fingerprintKey)
	_, _ = rand.Read(key) // it never fails
	return Fingerprint{ref, stored.UTC().Truncate(time.Second), len(value), key, macOf(key, value)}
}

// fingerprintJSON is one Fingerprint of the JSON list in an item of KindFingerprint, which has the
// environment item's name. A locked file store can be written but not read, so a fingerprint added then
// gets its own item, named NAME-HEX, until the store can be read. A variable's name never contains "-".
type fingerprintJSON struct {
	Key    []byte `json:"key"`
	MAC    []byte `json:"mac"`
	Length int    `json:"length"`
	Stored int64  `json:"stored"` // Unix seconds
}

func encodeFingerprints(fingerprints []Fingerprint) (Secret, error) {
	list := make([]fingerprintJSON, len(fingerprints))
	for i, f := range fingerprints {
		list[i] = fingerprintJSON{f.key, f.mac, f.Length, f.Stored.Unix()}
	}
	data, err := json.Marshal(list)
	return NewSecret(string(data)), err
}

func decodeFingerprints(item Item) ([]Fingerprint, error) {
	var list []fingerprintJSON
	if err := json.Unmarshal([]byte(item.Secret.Reveal()), &list); err != nil {
		return nil, fmt.Errorf("%w: %s cannot be read", ErrDamaged, item.Ref)
	}
	ref := envRefOf(item.Ref)
	fingerprints := make([]Fingerprint, 0, len(list))
	for _, f := range list {
		if len(f.Key) < fingerprintKey || len(f.MAC) != sha256.Size {
			return nil, fmt.Errorf("%w: %s cannot be read", ErrDamaged, item.Ref)
		}
		fingerprints = append(fingerprints, Fingerprint{ref, time.Unix(f.Stored, 0).UTC(), f.Length, f.Key, f.MAC})
	}
	return fingerprints, nil
}

// envRefOf returns the environment item that a fingerprint item belongs to.
func envRefOf(ref Ref) Ref {
	name, _, _ := strings.Cut(ref.Name, "-")
	return Ref{Profile: ref.Profile, Kind: KindEnv, Name: name}
}

// remember adds fingerprints of an environment item's next and current values, so that both are recognized
// after they are replaced. It never prompts.
func (k *Keychain) remember(next Item) error {
	if next.Kind != KindEnv || next.Secret.Empty() || strings.Contains(next.Name, "-") {
		return nil
	}
	err := k.addFingerprints(next)
	if k.system != nil && !errors.Is(err, ErrTimeout) {
		// Another program's keychain, such as the kernel's, may have no room for a second entry. The key
		// matters more.
		return nil
	}
	return err
}

func (k *Keychain) addFingerprints(next Item) error {
	ref := Ref{Profile: next.Profile, Kind: KindFingerprint, Name: next.Name}
	added := newFingerprint(next.Ref, next.Secret.Reveal(), next.Updated)
	if !k.Unlocked() {
		if k.file == nil {
			return nil // Set fails next anyway
		}
		if err := k.dropWaiting(ref); err != nil {
			return err
		}
		ref.Name += fmt.Sprintf("-%016X", time.Now().UnixNano())
		return k.writeFingerprints(ref, []Fingerprint{added})
	}
	known, err := k.readFingerprints(ref)
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDamaged) {
		return err
	}
	before := len(known)
	if current, err := k.Get(next.Ref); err == nil {
		known = addFingerprint(known, current.Secret, newFingerprint(next.Ref, current.Secret.Reveal(), current.Updated))
	}
	known = addFingerprint(known, next.Secret, added)
	if len(known) == before {
		return nil
	}
	return k.writeFingerprints(ref, known)
}

// dropWaiting drops the oldest fingerprints added while the store was locked once there are
// MaxFingerprints.
func (k *Keychain) dropWaiting(ref Ref) error {
	all, err := k.ListAll(ref.Profile)
	if err != nil {
		return err
	}
	waiting := slices.DeleteFunc(all, func(r Ref) bool {
		return r.Kind != KindFingerprint || !strings.HasPrefix(r.Name, ref.Name+"-")
	})
	for len(waiting) >= MaxFingerprints { // sorted, the oldest first
		if err := k.Remove(waiting[0]); err != nil && !errors.Is(err, ErrNotFound) {
			return err
		}
		waiting = waiting[1:]
	}
	return nil
}

func addFingerprint(known []Fingerprint, value Secret, f Fingerprint) []Fingerprint {
	if value.Empty() || slices.ContainsFunc(known, func(k Fingerprint) bool { return k.Matches(value.Reveal()) }) {
		return known
	}
	return append(known, f)
}

func (k *Keychain) readFingerprints(ref Ref) ([]Fingerprint, error) {
	item, err := k.Get(ref)
	if err != nil {
		return nil, err
	}
	return decodeFingerprints(item)
}

func (k *Keychain) writeFingerprints(ref Ref, fingerprints []Fingerprint) error {
	slices.SortStableFunc(fingerprints, func(a, b Fingerprint) int { return a.Stored.Compare(b.Stored) })
	fingerprints = fingerprints[max(0, len(fingerprints)-MaxFingerprints):]
	secret, err := encodeFingerprints(fingerprints)
	if err != nil {
		return err
	}
	return k.write(Item{Ref: ref, Secret: secret, Updated: time.Now().UTC().Truncate(time.Second)})
}

// Fingerprints returns the fingerprints of a profile's environment items, including removed ones. It reads
// encrypted items, so it returns ErrLocked like Get. Items that cannot be decoded as fingerprints are
// skipped.
func (k *Keychain) Fingerprints(profile string) ([]Fingerprint, error) {
	all, err := k.ListAll(profile)
	if err != nil {
		return nil, err
	}
	refs := slices.DeleteFunc(all, func(ref Ref) bool { return ref.Kind != KindFingerprint })
	items, err := k.GetAll(refs)
	if err != nil {
		return nil, err
	}
	known := map[Ref][]Fingerprint{} // by their final item
	waiting := map[Ref][]Ref{}       // written while the store was locked
	for _, item := range items {
		fingerprints, err := decodeFingerprints(item)
		if err != nil {
			continue
		}
		ref := item.Ref
		ref.Name = envRefOf(ref).Name
		known[ref] = append(known[ref], fingerprints...)
		if ref != item.Ref {
			waiting[ref] = append(waiting[ref], item.Ref)
		}
	}
	var found []Fingerprint
	refs = slices.Collect(maps.Keys(known))
	sortRefs(refs)
	for _, ref := range refs {
		found = append(found, known[ref]...)
		// Housekeeping: on failure, the next call retries.
		if waiting[ref] != nil && k.writeFingerprints(ref, k.withoutRepeats(ref, known[ref])) == nil {
			for _, other := range waiting[ref] {
				_ = k.Remove(other)
			}
		}
	}
	return found, nil
}

// withoutRepeats keeps only one fingerprint of the current value, which may have been stored repeatedly.
func (k *Keychain) withoutRepeats(ref Ref, fingerprints []Fingerprint) []Fingerprint {
	current, err := k.Stored().Get(envRefOf(ref))
	if err != nil {
		return fingerprints
	}
	seen := false
	return slices.DeleteFunc(slices.Clone(fingerprints), func(f Fingerprint) bool {
		repeat := f.Matches(current.Secret.Reveal())
		repeat, seen = repeat && seen, seen || repeat
		return repeat
	})
}

// AddFingerprints merges a fingerprint item, such as one from a backup, into the remembered ones. Errors:
// ErrDamaged if item does not contain fingerprints, and those of Get and Set.
func (k *Keychain) AddFingerprints(item Item) error {
	item, err := k.accepted(item)
	if err != nil {
		return err
	}
	added, err := decodeFingerprints(item)
	if err != nil {
		return err
	}
	known, err := k.readFingerprints(item.Ref)
	if err != nil && !errors.Is(err, ErrNotFound) && !errors.Is(err, ErrDamaged) {
		return err
	}
	before := len(known)
	for _, f := range added {
		if !slices.ContainsFunc(known, func(other Fingerprint) bool { return bytes.Equal(other.mac, f.mac) }) {
			known = append(known, f)
		}
	}
	if len(known) == before {
		return nil
	}
	return k.writeFingerprints(item.Ref, known)
}
