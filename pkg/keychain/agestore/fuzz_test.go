package agestore

import (
	"bytes"
	"errors"
	"os"
	"slices"
	"testing"

	"filippo.io/age"
)

// typed reports whether an error is one that callers can match.
func typed(err error) bool {
	for _, known := range []error{ErrNotFound, ErrDamaged, ErrInsecure, ErrNewerFormat, ErrNoStore, ErrTooLarge, ErrLocked, ErrWrongPassphrase} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// write overwrites a store's file, as anyone with write access could.
func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// FuzzDescription checks that, for any store.json, the store opens with the recipient in it or returns a
// typed error, and that no item is encrypted to anyone else.
func FuzzDescription(f *testing.F) {
	_, opts := create(f, "")
	_, others := create(f, "")
	path := opts.path(manifestName)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	foreign, err := os.ReadFile(others.path(manifestName))
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range [][]byte{whole, foreign, {}, []byte("{}"), []byte(`{"format":2}`), []byte(`{"format":1,"recipient":"age1"}`), bytes.Repeat([]byte("["), 1000)} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, path, data)
		s, err := Open(opts)
		if err != nil {
			if !typed(err) {
				t.Fatalf("an error of no type: %v", err)
			}
			return
		}
		if err := s.Set("k", []byte("v")); err != nil {
			t.Fatalf("it opens, and does not store: %v", err)
		}
		switch got, err := s.Get("k"); {
		case err == nil && string(got) != "v":
			t.Fatalf("another value was read: %d bytes", len(got))
		case err != nil && !typed(err):
			t.Fatalf("an error of no type: %v", err)
		}
	})
}

// FuzzIdentity checks that an item is read exactly if age's own parser accepts the identity file and finds
// the store's identity in it, whatever surrounds that identity. Identities have a checksum that mutation
// would never match, so the seeds provide them.
func FuzzIdentity(f *testing.F) {
	s, opts := create(f, "")
	const key = "k"
	set(f, s, key, []byte("v"))
	path := opts.path(identityName)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	_, others := create(f, "")
	foreign, err := os.ReadFile(others.path(identityName))
	if err != nil {
		f.Fatal(err)
	}
	own, other := bytes.TrimSpace(whole[bytes.IndexByte(whole, '\n'):]), bytes.TrimSpace(foreign[bytes.IndexByte(foreign, '\n'):])
	f.Add([]byte("# a comment\n\n"), []byte("\n"), uint8(0))
	f.Add([]byte("\t"), []byte(" \r\n"), uint8(0))
	f.Add([]byte("\ufeff"), []byte(""), uint8(0))
	f.Add([]byte(""), []byte("\nAGE-SECRET-KEY-1"), uint8(1))
	f.Add([]byte(ageMagic+"-> scrypt AAAA 18\n"), []byte("\n"), uint8(2))
	f.Fuzz(func(t *testing.T, before, after []byte, which uint8) {
		middle := [][]byte{own, append(append(bytes.Clone(own), '\n'), other...), append(append(bytes.Clone(other), '\n'), own...), other, nil}[which%5]
		data := slices.Concat(before, middle, after)
		write(t, path, data)
		got, err := reopen(t, opts).Get(key)
		switch {
		case err == nil && string(got) != "v":
			t.Fatalf("another value was read: %d bytes", len(got))
		case err != nil && !typed(err):
			t.Fatalf("an error of no type: %v", err)
		}
		if bytes.HasPrefix(data, []byte(ageMagic)) || len(data) > 1<<16 {
			return
		}
		ids, _ := age.ParseIdentities(bytes.NewReader(data))
		want := slices.ContainsFunc(ids, func(id age.Identity) bool {
			x, ok := id.(*age.X25519Identity)
			return ok && x.String() == string(own)
		})
		if (err == nil) != want {
			t.Fatalf("age finds the identity: %v; this: %v", want, err)
		}
	})
}
