package keychain

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Kind is the purpose of an item.
type Kind string

// The kinds of items.
const (
	// KindEnv is the value of the environment variable of that name.
	KindEnv Kind = "env"
	// KindRegistry is a registry credential; its name is the canonical server URL.
	KindRegistry Kind = "registry"
	// KindPrevious is the value that an environment item had before its last rotation.
	KindPrevious Kind = "previous"
	// KindFingerprint recognizes current and former values of an environment item: see Fingerprint. Only
	// ListAll lists it.
	KindFingerprint Kind = "fingerprint"
)

// Known reports whether k is one of the kinds above.
func (k Kind) Known() bool {
	switch k {
	case KindEnv, KindRegistry, KindPrevious, KindFingerprint:
		return true
	}
	return false
}

// Ref names one item. Names are not secret: Docker writes registry names to config.json too.
type Ref struct {
	Profile string // lower-case letters, digits, "-" and "_", at most 64 bytes
	Kind    Kind
	Name    string // environment variable name, or canonical server URL
}

// String returns "profile/kind/name", for messages.
func (r Ref) String() string { return r.Profile + "/" + string(r.Kind) + "/" + r.Name }

// Item is a stored secret and its metadata.
type Item struct {
	Ref
	Username string // registry credentials only
	Secret   Secret
	Updated  time.Time // when the secret was last written, UTC, seconds
	Expires  time.Time // when the key expires, as the user entered it; zero if unknown
}

// Secret is a secret value. Formatting or marshaling it shows a placeholder; only Reveal returns the value.
type Secret struct{ value string }

// NewSecret wraps a value, which may be any bytes.
func NewSecret(value string) Secret { return Secret{value} }

// Reveal returns the value.
func (s Secret) Reveal() string { return s.value }

// Empty reports whether the value is empty.
func (s Secret) Empty() bool { return s.value == "" }

// Format implements fmt.Formatter: every verb prints a placeholder.
func (Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("(secret)")) }

// MarshalJSON returns a placeholder, so that the value never ends up in JSON by accident.
func (Secret) MarshalJSON() ([]byte, error) { return []byte(`"(secret)"`), nil }

// ValidateProfile returns ErrInvalidName unless profile is 1 to 64 of [a-z0-9_-] and starts with a letter
// or digit.
func ValidateProfile(profile string) error {
	if profile == "" || len(profile) > 64 || profile[0] == '-' || profile[0] == '_' {
		return fmt.Errorf("%w: profile %.80q: 1 to 64 lower-case letters, digits, \"-\" and \"_\", first a letter or digit", ErrInvalidName, profile)
	}
	for i := range len(profile) {
		c := profile[i]
		if !('a' <= c && c <= 'z' || '0' <= c && c <= '9' || c == '-' || c == '_') {
			return fmt.Errorf("%w: profile %.80q: only lower-case letters, digits, \"-\" and \"_\"", ErrInvalidName, profile)
		}
	}
	return nil
}

// Key returns the Ref's key in a backend: "profile/kind/escaped name". Some backends ignore case (Windows,
// macOS file systems), so letters in the unusual case for the kind are escaped: no two keys differ by case
// only.
func (r Ref) Key() string {
	return r.Profile + "/" + string(r.Kind) + "/" + escapeName(r.Kind, r.Name)
}

// sortRefs sorts by Key, which it computes once for each.
func sortRefs(refs []Ref) {
	type keyed struct {
		key string
		ref Ref
	}
	sorted := make([]keyed, len(refs))
	for i, ref := range refs {
		sorted[i] = keyed{ref.Key(), ref}
	}
	slices.SortFunc(sorted, func(a, b keyed) int { return cmp.Compare(a.key, b.key) })
	for i := range sorted {
		refs[i] = sorted[i].ref
	}
}

const upperHex = "0123456789ABCDEF"

func plainByte(kind Kind, c byte) bool {
	switch {
	case '0' <= c && c <= '9', c == '_', c == '-':
		return true
	case 'A' <= c && c <= 'Z':
		return kind != KindRegistry
	case 'a' <= c && c <= 'z', c == '.':
		return kind == KindRegistry
	}
	return false
}

func escapeName(kind Kind, name string) string {
	var b strings.Builder
	b.Grow(len(name))
	for i := range len(name) {
		c := name[i]
		// The tools behind a backend could read a leading dot or dash as a hidden file or an option.
		if plainByte(kind, c) && (i > 0 || c != '.' && c != '-') {
			b.WriteByte(c)
			continue
		}
		b.WriteByte('%')
		b.WriteByte(upperHex[c>>4])
		b.WriteByte(upperHex[c&15])
	}
	return b.String()
}

// ParseKey is the inverse of Ref.Key. It returns false for any string that Key cannot return.
func ParseKey(key string) (Ref, bool) {
	parts := strings.Split(key, "/")
	if len(parts) != 3 || ValidateProfile(parts[0]) != nil {
		return Ref{}, false
	}
	name, ok := unescape(parts[2])
	ref := Ref{Profile: parts[0], Kind: Kind(parts[1]), Name: name}
	return ref, ok && name != "" && ref.Kind.Known() && ref.Key() == key
}

func unescape(s string) (string, bool) {
	if !strings.Contains(s, "%") {
		return s, true
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i+2 >= len(s) {
			return "", false
		}
		hi, lo := strings.IndexByte(upperHex, s[i+1]), strings.IndexByte(upperHex, s[i+2])
		if hi < 0 || lo < 0 {
			return "", false
		}
		b.WriteByte(byte(hi<<4 | lo))
		i += 2
	}
	return b.String(), true
}

// header is the first line of an item's data. The secret's bytes follow the line feed unchanged, because
// JSON cannot hold bytes that are not UTF-8.
type header struct {
	Ref      string `json:"item"`
	Username string `json:"username,omitempty"`
	Updated  int64  `json:"updated"`           // Unix seconds
	Expires  int64  `json:"expires,omitempty"` // Unix seconds
}

func encode(item Item) ([]byte, error) {
	h := header{Ref: item.Key(), Username: item.Username, Updated: item.Updated.Unix()}
	if !item.Expires.IsZero() {
		h.Expires = item.Expires.Unix()
	}
	line, err := json.Marshal(h)
	if err != nil {
		return nil, err
	}
	return append(append(line, '\n'), item.Secret.Reveal()...), nil
}

// decode returns ErrDamaged if data is not an item, or is a different item: two entries may have been
// swapped.
func decode(ref Ref, data []byte) (Item, error) {
	line, secret, found := bytes.Cut(data, []byte{'\n'})
	var h header
	if !found || json.Unmarshal(line, &h) != nil {
		return Item{}, fmt.Errorf("%w: %s cannot be read", ErrDamaged, ref)
	}
	if h.Ref != ref.Key() {
		return Item{}, fmt.Errorf("%w: %s holds another item", ErrDamaged, ref)
	}
	item := Item{Ref: ref, Username: h.Username, Secret: NewSecret(string(secret)), Updated: time.Unix(h.Updated, 0).UTC()}
	if h.Expires != 0 {
		item.Expires = time.Unix(h.Expires, 0).UTC()
	}
	return item, nil
}
