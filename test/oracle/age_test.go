package oracle

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"

	agetest "c2sp.org/CCTV/age"
	"filippo.io/age"

	"github.com/ragenv/ragenv/pkg/keychain/agestore"
)

// storeWith creates a store whose identity file and one item, "k", have the given contents.
func storeWith(t *testing.T, recipient string, identity, item []byte) *agestore.Store {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "store")
	digest := sha256.Sum256(identity)
	description, err := json.Marshal(map[string]any{"format": 1, "recipient": recipient, "identity_sha256": []string{hex.EncodeToString(digest[:])}})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.MkdirAll(filepath.Join(dir, "items"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{"store.json": description, "identity": identity, "items/k.age": item} {
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s, err := agestore.Open(agestore.Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// vector is a file of C2SP's test suite for implementations of age: https://c2sp.org/CCTV/age.
type vector struct {
	expect     string
	payload    string // hex SHA-256 of what age reads; "" if nothing
	identity   string
	passphrase string
	other      bool // armored, or with several identities: no file of a store
	file       []byte
}

func parseVector(t *testing.T, data []byte) vector {
	t.Helper()
	head, file, _ := bytes.Cut(data, []byte("\n\n"))
	v := vector{file: file}
	for _, line := range strings.Split(string(head), "\n") {
		key, value, _ := strings.Cut(line, ": ")
		switch key {
		case "expect":
			v.expect = value
		case "payload":
			v.payload = value
		case "identity":
			v.other = v.other || v.identity != ""
			v.identity = value
		case "passphrase":
			v.other = v.other || v.passphrase != ""
			v.passphrase = value
		case "armored":
			v.other = true
		case "compressed":
			r, err := zlib.NewReader(bytes.NewReader(file))
			if err != nil {
				t.Fatal(err)
			}
			if v.file, err = io.ReadAll(r); err != nil {
				t.Fatal(err)
			}
		}
	}
	return v
}

// TestAgeVectors checks that the file store reads exactly what the test suite of the age format demands, as
// items and as the encrypted identity.
func TestAgeVectors(t *testing.T) {
	names, err := fs.Glob(agetest.Vectors, "*")
	if err != nil {
		t.Fatal(err)
	}
	items, identities := 0, 0
	for _, name := range names {
		data, err := fs.ReadFile(agetest.Vectors, name)
		if err != nil {
			t.Fatal(err)
		}
		v := parseVector(t, data)
		switch {
		case v.other || strings.HasPrefix(v.identity, "AGE-SECRET-KEY-PQ-") || len(v.file) > agestore.MaxItemSize+1<<16:
			// not the form of a store's file, or longer than the store reads
		case v.passphrase != "":
			identities++
			t.Run(name, func(t *testing.T) { checkIdentity(t, v) })
		case v.identity != "":
			items++
			t.Run(name, func(t *testing.T) { checkItem(t, v) })
		}
	}
	if items < 60 || identities < 20 {
		t.Errorf("%d items and %d identities of %d vectors were checked", items, identities, len(names))
	}
}

func checkItem(t *testing.T, v vector) {
	id, err := age.ParseX25519Identity(v.identity)
	if err != nil {
		t.Fatal(err)
	}
	got, err := storeWith(t, id.Recipient().String(), []byte(v.identity+"\n"), v.file).Get("k")
	digest := sha256.Sum256(got)
	if v.expect == "success" {
		if err != nil || hex.EncodeToString(digest[:]) != v.payload {
			t.Errorf("%v and %d bytes, want the payload", err, len(got))
		}
	} else if !errors.Is(err, agestore.ErrDamaged) || got != nil {
		t.Errorf("%s: %v and %d bytes, want ErrDamaged and none", v.expect, err, len(got))
	}
}

// checkIdentity checks a vector as the identity file of a store. What it decrypts to is no identity.
func checkIdentity(t *testing.T, v vector) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	err = storeWith(t, id.Recipient().String(), v.file, nil).Unlock([]byte(v.passphrase))
	opened := err != nil && strings.Contains(err.Error(), "is not an age identity")
	want := agestore.ErrDamaged
	if v.expect == "no match" {
		want = agestore.ErrWrongPassphrase
	}
	if !errors.Is(err, want) || opened != (v.expect == "success") {
		t.Errorf("%s: %v", v.expect, err)
	}
}

// TestAgeRefuses checks that the store refuses what age refuses although a lenient parser would read it.
func TestAgeRefuses(t *testing.T) {
	id, err := age.GenerateX25519Identity()
	if err != nil {
		t.Fatal(err)
	}
	recipient, own := id.Recipient(), id.String()
	for _, tc := range []struct {
		doc      string
		identity string
		extra    []*age.Stanza // after the stanza for the store's recipient
		accepted bool
	}{
		{doc: "1 more stanza", identity: own, extra: stanzas(1, 1), accepted: true},
		{doc: "1,023 more stanzas", identity: own, extra: stanzas(1023, 1), accepted: true},
		{doc: "1,024 more stanzas", identity: own, extra: stanzas(1024, 1)},
		{doc: "128 arguments of a stanza", identity: own, extra: stanzas(1, 128), accepted: true},
		{doc: "129 arguments of a stanza", identity: own, extra: stanzas(1, 129)},
		{doc: "the Kelvin sign in the identity", identity: strings.Replace(own, "KEY", "\u212aEY", 1)},
		{doc: "an identity in lower case", identity: strings.ToLower(own)},
		{doc: "a space before the identity", identity: " " + own},
		{doc: "text after the identity", identity: own + "\ntext"},
		{doc: "a comment after the identity", identity: own + "\n# text", accepted: true},
	} {
		var file bytes.Buffer
		w, err := age.Encrypt(&file, withStanzas{recipient, tc.extra})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.Write([]byte("value")); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		var byAge error
		if ids, err := age.ParseIdentities(strings.NewReader(tc.identity)); err != nil {
			byAge = err
		} else if _, err := age.Decrypt(bytes.NewReader(file.Bytes()), ids...); err != nil {
			byAge = err
		}
		if (byAge == nil) != tc.accepted {
			t.Errorf("%s: age itself: %v", tc.doc, byAge)
		}
		got, err := storeWith(t, recipient.String(), []byte(tc.identity), file.Bytes()).Get("k")
		if tc.accepted && (err != nil || string(got) != "value") || !tc.accepted && !errors.Is(err, agestore.ErrDamaged) {
			t.Errorf("%s: %v", tc.doc, err)
		}
	}
}

// stanzas returns n stanzas of an unknown type with the given number of arguments.
func stanzas(n, args int) []*age.Stanza {
	all := make([]*age.Stanza, n)
	for i := range all {
		all[i] = &age.Stanza{Type: fmt.Sprintf("unknown-%d", i), Args: strings.Fields(strings.Repeat("x ", args))}
	}
	return all
}

// withStanzas adds stanzas to a recipient's own.
type withStanzas struct {
	age.Recipient
	extra []*age.Stanza
}

func (w withStanzas) Wrap(key []byte) ([]*age.Stanza, error) {
	own, err := w.Recipient.Wrap(key)
	return append(own, w.extra...), err
}
