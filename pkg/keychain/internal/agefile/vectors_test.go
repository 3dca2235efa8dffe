package agefile

import (
	"bytes"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"io"
	"io/fs"
	"slices"
	"strings"
	"testing"

	testkit "c2sp.org/CCTV/age"
)

// vector is a file of age's testkit: https://age-encryption.org/testkit.
type vector struct {
	fields map[string][]string
	file   []byte
}

func readVector(t *testing.T, name string) vector {
	t.Helper()
	content, err := fs.ReadFile(testkit.Vectors, name)
	if err != nil {
		t.Fatal(err)
	}
	head, file, found := bytes.Cut(content, []byte("\n\n"))
	if !found {
		t.Fatal("no file in the vector")
	}
	v := vector{map[string][]string{}, file}
	for line := range strings.Lines(string(head)) {
		name, value, _ := strings.Cut(strings.TrimSuffix(line, "\n"), ": ")
		v.fields[name] = append(v.fields[name], value)
	}
	if v.first("compressed") == "zlib" {
		r, err := zlib.NewReader(bytes.NewReader(v.file))
		if err != nil {
			t.Fatal(err)
		}
		if v.file, err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return v
}

func (v vector) first(name string) string {
	if values := v.fields[name]; len(values) > 0 {
		return values[0]
	}
	return ""
}

// identities returns those of the kinds that are read here.
func (v vector) identities(t *testing.T) (ids []Identity) {
	for _, text := range v.fields["identity"] {
		if strings.HasPrefix(text, "AGE-SECRET-KEY-PQ-") {
			continue // hybrid
		}
		id, err := ParseX25519Identity(text)
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, id)
	}
	for _, passphrase := range v.fields["passphrase"] {
		ids = append(ids, ScryptIdentity{[]byte(passphrase), 22})
	}
	return ids
}

// outcomes are the testkit's, and what they are here.
var outcomes = map[string]error{
	"success": nil, "no match": ErrNoMatch, "HMAC failure": ErrMAC, "header failure": ErrHeader, "payload failure": ErrPayload,
}

// TestVectors gives age's own testkit to Decrypt.
func TestVectors(t *testing.T) {
	entries, err := fs.ReadDir(testkit.Vectors, ".")
	if err != nil {
		t.Fatal(err)
	}
	var tried, others []string
	for _, entry := range entries {
		name := entry.Name()
		v := readVector(t, name)
		ids := v.identities(t)
		all := len(v.fields["identity"]) + len(v.fields["passphrase"])
		if all == 0 {
			ids, all = []Identity{newIdentity(t)}, 1
		}
		// There is no armor here, and one identity at a time: what none of several may read can be tried with each.
		if v.first("armored") != "" || len(ids) != all || all > 1 && v.first("expect") != "header failure" {
			others = append(others, name)
			continue
		}
		tried = append(tried, name)
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			want, known := outcomes[v.first("expect")]
			if !known {
				t.Fatalf("the testkit expects %q", v.first("expect"))
			}
			for _, id := range ids {
				data, err := Decrypt(v.file, id)
				if !errors.Is(err, want) {
					t.Fatalf("%v, want %v (%s)", err, want, v.first("comment"))
				}
				if err != nil && data != nil {
					t.Error("data beside an error")
				}
				if digest := sha256.Sum256(data); err == nil && hex.EncodeToString(digest[:]) != v.first("payload") {
					t.Errorf("other data of %d bytes", len(data))
				}
			}
		})
	}
	t.Logf("%d vectors; %d of armor, hybrid or several identities left out", len(tried), len(others))
	for _, needed := range []string{"empty", "x25519", "x25519_low_order", "scrypt", "scrypt_and_x25519", "scrypt_work_factor_23", "hmac_bad", "stream_trailing_garbage_long"} {
		if !slices.Contains(tried, needed) {
			t.Errorf("the testkit's vector %q was not tried", needed)
		}
	}
}
