package backup

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
	"time"
	"unicode/utf8"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// version is the format version that Write writes, and the newest that Read accepts.
const version = 1

const formatName = "ragenv backup"

type document struct {
	Format  string    `json:"format"`
	Version int       `json:"version"`
	Created time.Time `json:"created"`
	Items   []item    `json:"items"`
}

type item struct {
	Profile  string        `json:"profile"`
	Kind     keychain.Kind `json:"kind"`
	Name     string        `json:"name"`
	Username string        `json:"username,omitempty"`
	Secret   *string       `json:"secret,omitempty"`
	Base64   *[]byte       `json:"secret_base64,omitempty"`
	Updated  time.Time     `json:"updated"`
	Expires  time.Time     `json:"expires,omitzero"`
}

func (i item) ref() keychain.Ref {
	return keychain.Ref{Profile: i.Profile, Kind: i.Kind, Name: i.Name}
}

// content returns the content of a backup with these items, which parse reads. Error: keychain.ErrDamaged.
func content(items []keychain.Item, now time.Time) ([]byte, error) {
	doc := document{Format: formatName, Version: version, Created: seconds(now), Items: []item{}}
	for _, from := range items {
		to := item{Profile: from.Profile, Kind: from.Kind, Name: from.Name, Username: from.Username, Updated: seconds(from.Updated), Expires: seconds(from.Expires)}
		if secret := from.Secret.Reveal(); utf8.ValidString(secret) {
			to.Secret = &secret
		} else {
			raw := []byte(secret)
			to.Base64 = &raw
		}
		if !utf8.ValidString(from.Username) {
			return nil, fmt.Errorf("%w: %s: the user name is not UTF-8", keychain.ErrDamaged, from.Ref)
		}
		doc.Items = append(doc.Items, to)
	}
	slices.SortFunc(doc.Items, func(a, b item) int {
		return cmp.Or(cmp.Compare(a.Profile, b.Profile), cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Name, b.Name))
	})
	if err := check(doc.Items); err != nil {
		return nil, err
	}

	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(doc); err != nil {
		return nil, err
	}
	_, err := parse(plain.Bytes()) // with recipients, the file cannot be read back here
	return plain.Bytes(), err
}

// parse returns the items in the decrypted content of a backup.
func parse(plain []byte) ([]keychain.Item, error) {
	var head struct {
		Format  string `json:"format"`
		Version int    `json:"version"`
	}
	if json.Unmarshal(plain, &head) != nil || head.Format != formatName || head.Version < 1 {
		return nil, ErrNotBackup
	}
	if head.Version > version {
		return nil, fmt.Errorf("%w: the backup has format %d, this program knows up to %d", keychain.ErrNewerFormat, head.Version, version)
	}
	var doc document
	decoder := json.NewDecoder(bytes.NewReader(plain))
	decoder.DisallowUnknownFields() // this version would lose an unknown field
	if decoder.Decode(&doc) != nil {
		return nil, fmt.Errorf("%w: what is inside the backup does not follow its format", keychain.ErrDamaged)
	}
	if err := check(doc.Items); err != nil {
		return nil, err
	}
	items := make([]keychain.Item, 0, len(doc.Items))
	for _, from := range doc.Items {
		to := keychain.Item{Ref: from.ref(), Username: from.Username, Updated: seconds(from.Updated), Expires: seconds(from.Expires)}
		if from.Secret != nil {
			to.Secret = keychain.NewSecret(*from.Secret)
		} else {
			to.Secret = keychain.NewSecret(string(*from.Base64))
		}
		items = append(items, to)
	}
	return items, nil
}

// check returns keychain.ErrDamaged unless every item is valid and none is repeated.
func check(items []item) error {
	seen := make(map[keychain.Ref]bool, len(items))
	for _, i := range items {
		reason := ""
		switch {
		case keychain.ValidateProfile(i.Profile) != nil:
			reason = "no valid profile"
		case !i.Kind.Known():
			reason = "an unknown kind"
		case i.Name == "" || !utf8.ValidString(i.Name):
			reason = "no valid name"
		case (i.Secret == nil) == (i.Base64 == nil):
			reason = "no secret, or two"
		case seen[i.ref()]:
			reason = "it comes twice"
		}
		if reason != "" {
			return fmt.Errorf("%w: %+.120q: %s", keychain.ErrDamaged, i.ref().String(), reason)
		}
		seen[i.ref()] = true
	}
	return nil
}

// seconds returns t as the keychain stores times. The zero time is unchanged.
func seconds(t time.Time) time.Time {
	if t.IsZero() {
		return time.Time{}
	}
	return t.UTC().Truncate(time.Second)
}
