package agestore

import (
	"bytes"
	"errors"
	"os"
	"testing"
)

// typed tells whether an error is one that callers can tell apart.
func typed(err error) bool {
	for _, known := range []error{ErrNotFound, ErrDamaged, ErrInsecure, ErrNewerFormat, ErrNoStore, ErrTooLarge, ErrLocked, ErrWrongPassphrase} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}

// write puts bytes in the place of a store's file, as whoever can write there could.
func write(t testing.TB, path string, data []byte) {
	t.Helper()
	if err := os.WriteFile(path, data, 0o600); err != nil {
		t.Fatal(err)
	}
}

// FuzzItemFile: whatever lies in an item's file, it is answered as it was stored, or not at all; and the next Set mends it.
func FuzzItemFile(f *testing.F) {
	s, opts := create(f, "")
	const key = "default/env/NGC_API_KEY"
	stored := []byte("what was stored")
	set(f, s, key, stored)
	name, err := fileName(key)
	if err != nil {
		f.Fatal(err)
	}
	path := opts.path(itemsName, name)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add([]byte{}, 0, 0)
	f.Add([]byte("age-encryption.org/v1\n-> X25519 \n\n--- \n"), 0, 0)
	f.Add([]byte{1}, len(whole)-1, 1)
	f.Add([]byte("\n-> scrypt AAAA 63\n"), len(ageMagic)-1, 0)
	// The real file with some bytes of it replaced: what is random would hardly ever get past its first line.
	f.Fuzz(func(t *testing.T, replacement []byte, at, dropped int) {
		at = max(0, min(at, len(whole)))
		end := max(at, min(at+max(0, min(dropped, len(whole))), len(whole)))
		changed := append(append(bytes.Clone(whole[:at]), replacement...), whole[end:]...)
		write(t, path, changed)
		got, err := reopen(t, opts).Get(key)
		switch {
		case err == nil && bytes.Equal(changed, whole) && bytes.Equal(got, stored):
		case err == nil:
			t.Fatalf("a changed file was read: %d bytes came of it", len(got))
		case !typed(err):
			t.Fatalf("an error of no type: %v", err)
		case bytes.Equal(changed, whole):
			t.Fatalf("the file as it was written: %v", err)
		}
	})
}

// FuzzDescription: whatever lies in store.json, the store opens with the recipient that stands there, or says what is wrong
// with it; and no item is sealed to somebody else.
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

// FuzzIdentity: whatever lies in the identity file, an item is read as it was stored, or the error says what is wrong.
func FuzzIdentity(f *testing.F) {
	s, opts := create(f, "")
	const key = "k"
	set(f, s, key, []byte("v"))
	path := opts.path(identityName)
	whole, err := os.ReadFile(path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(whole)
	f.Add([]byte("AGE-SECRET-KEY-1"))
	f.Add([]byte("# a comment\n\n"))
	f.Add([]byte(ageMagic + "-> scrypt AAAA 18\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		write(t, path, data)
		switch got, err := reopen(t, opts).Get(key); {
		case err == nil && string(got) != "v":
			t.Fatalf("another value was read: %d bytes", len(got))
		case err != nil && !typed(err):
			t.Fatalf("an error of no type: %v", err)
		}
	})
}
