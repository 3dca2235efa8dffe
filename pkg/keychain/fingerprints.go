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

// MaxFingerprints is how many values of one item are remembered; the oldest are forgotten first.
const MaxFingerprints = 8

// fingerprintKey is the length of a fingerprint's key, in bytes. Eight fingerprints fit in the 2,560 bytes of an entry of
// Windows' Credential Manager.
const fingerprintKey = 16

// Fingerprint recognizes a value that an environment item has or had, without holding it: an HMAC-SHA-256 under a random key.
// Both lie inside an encrypted item, so that a weak value cannot be guessed from the keychain's files.
type Fingerprint struct {
	Ref    Ref       // the environment item
	Stored time.Time // when the value was stored, UTC, seconds
	Length int       // of the value, in bytes
	key    []byte
	mac    []byte
}

// Matches reports whether value is the one that was remembered.
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

// Fingerprints of an item are in an item of KindFingerprint with the same name. A file store that is locked can be written but
// not read: what is remembered then is in an item of its own, "NAME-" and hexadecimal digits, until the store can be read. A
// variable's name has no "-".
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

// envRefOf is the environment item that an item of fingerprints is about.
func envRefOf(ref Ref) Ref {
	name, _, _ := strings.Cut(ref.Name, "-")
	return Ref{Profile: ref.Profile, Kind: KindEnv, Name: name}
}

// remember adds fingerprints of an environment item's next value, and of the value it has, so that both can be recognized
// when they are replaced. Nothing is asked for.
func (k *Keychain) remember(next Item) error {
	if next.Kind != KindEnv || next.Secret.Empty() || strings.Contains(next.Name, "-") {
		return nil
	}
	err := k.addFingerprints(next)
	if k.system != nil && !errors.Is(err, ErrTimeout) {
		// Another program's keychain may have no room for a second entry, such as the kernel's. The key itself counts more.
		return nil
	}
	return err
}

func (k *Keychain) addFingerprints(next Item) error {
	ref := Ref{Profile: next.Profile, Kind: KindFingerprint, Name: next.Name}
	added := newFingerprint(next.Ref, next.Secret.Reveal(), next.Updated)
	if !k.Unlocked() {
		if k.file == nil {
			return nil // Set is about to fail as well
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

// dropWaiting makes room where many values were stored while the store was locked.
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

// Fingerprints returns what is remembered of the values that a profile's environment items have and had, of those too that were
// removed since. It reads encrypted items: ErrLocked as for Get. What cannot be read as fingerprints is skipped.
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
	known := map[Ref][]Fingerprint{} // by the item that they belong in
	waiting := map[Ref][]Ref{}       // those that were written while the store was locked
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
	for _, ref := range slices.SortedFunc(maps.Keys(known), func(a, b Ref) int { return strings.Compare(a.Key(), b.Key()) }) {
		found = append(found, known[ref]...)
		// Housekeeping: what fails is done the next time.
		if waiting[ref] != nil && k.writeFingerprints(ref, k.withoutRepeats(ref, known[ref])) == nil {
			for _, other := range waiting[ref] {
				_ = k.Remove(other)
			}
		}
	}
	return found, nil
}

// withoutRepeats drops all fingerprints but one of the present value: it may have been stored again and again.
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

// AddFingerprints adds what an item of KindFingerprint holds to what is remembered already, as for a backup that is restored.
// Errors: ErrDamaged if it holds something else, and those of Get and Set.
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
