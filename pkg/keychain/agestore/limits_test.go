package agestore

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"
)

// The largest item, longest key and largest work factor are accepted; anything larger is not.
func TestLargest(t *testing.T) {
	s, opts := create(t, "")
	data := make([]byte, MaxItemSize)
	data[0], data[MaxItemSize-1] = 1, 2
	set(t, s, "k", data)
	wantData(t, reopen(t, opts), "k", data)

	if err := s.Set(strings.Repeat("n", 252), nil); err == nil || !strings.Contains(err.Error(), "a name of 252 bytes, at most 251 fit") {
		t.Errorf("%v", err)
	}

	if _, err := Create(Options{Dir: filepath.Join(t.TempDir(), "store")}, Protection{WorkFactor: MaxWorkFactor}); err != nil {
		t.Errorf("work factor %d: %v", MaxWorkFactor, err)
	}
	m, err := readManifest(opts)
	if err != nil {
		t.Fatal(err)
	}
	for factor, want := range map[int]error{-1: ErrDamaged, 0: nil, 1: nil, MaxWorkFactor: nil, MaxWorkFactor + 1: ErrDamaged} {
		m.WorkFactor = factor
		if err := writeManifest(opts, m); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(opts); !errors.Is(err, want) {
			t.Errorf("a description with work factor %d: %v, want %v", factor, err, want)
		}
	}
}

// A key may contain letters, digits and a few other characters, but not the characters next to them in
// ASCII.
func TestCharactersOfKeys(t *testing.T) {
	s, _ := create(t, "")
	const key = "azAZ09_-.%/x"
	set(t, s, key, []byte("v"))
	wantData(t, s, key, []byte("v"))
	if keys, err := s.Keys(); err != nil || !slices.Equal(keys, []string{key}) {
		t.Errorf("%q, %v", keys, err)
	}
	for _, c := range "`{@[:+," {
		wantError(t, s.Set(fmt.Sprintf("a%cb", c), nil), ErrInvalidKey)
	}
}

// Modified returns the modification time of the item's file.
func TestModified(t *testing.T) {
	s, opts := create(t, "")
	set(t, s, "k", []byte("v"))
	at := time.Date(2025, 1, 2, 3, 4, 5, 0, time.UTC)
	if err := os.Chtimes(opts.path(itemsName, "k"+itemSuffix), at, at); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Modified("k"); err != nil || !got.Equal(at) {
		t.Errorf("%v, %v", got, err)
	}
	for _, key := range []string{"absent", "a b", ""} {
		_, err := s.Modified(key)
		wantError(t, err, ErrNotFound)
	}
}

// With CacheFor zero, nothing is cached and nothing cached is used.
func TestNothingIsKeptForNoTime(t *testing.T) {
	s, opts := create(t, "secret words")
	value := newKey(t)
	set(t, s, "k", value)
	opts.Passphrase = func() ([]byte, error) { return []byte("secret words"), nil }
	cache, derived := &memoryCache{}, &countingCache{keeps: true}
	opts.Cache, opts.Derived = cache, countingDerived{derived}
	s = reopen(t, opts)
	if err := s.Unlock([]byte("secret words")); err != nil {
		t.Fatal(err)
	}
	wantData(t, reopen(t, opts), "k", value)
	opts.Cache = nil
	wantData(t, reopen(t, opts), "k", value)
	if len(cache.items) != 0 || derived.puts != 0 {
		t.Errorf("%d and %d are kept", len(cache.items), derived.puts)
	}
	opts.CacheFor = time.Minute
	wantData(t, reopen(t, opts), "k", value)
	if derived.puts != 1 {
		t.Errorf("%d are kept for a minute", derived.puts)
	}
	opts.CacheFor = 0
	opts.Passphrase = func() ([]byte, error) { return []byte("other words"), nil }
	_, err := reopen(t, opts).Get("k")
	wantError(t, err, ErrWrongPassphrase)
}

// A truncated unlock key is replaced by the next unlock.
func TestCutUnlockKey(t *testing.T) {
	s, opts := create(t, "secret words")
	value := newKey(t)
	set(t, s, "k", value)
	opts.Cache, opts.CacheFor = &memoryCache{}, time.Minute
	write(t, opts.path(halfName), []byte("cut"))
	if err := reopen(t, opts).Unlock([]byte("secret words")); err != nil {
		t.Fatal(err)
	}
	wantData(t, reopen(t, opts), "k", value)
}

// After a change of passphrase, neither the old identity file nor the old passphrase is accepted.
func TestFormerIdentityIsNoticed(t *testing.T) {
	s, opts := create(t, "first words")
	former, err := os.ReadFile(opts.path(identityName))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.ChangePassphrase([]byte("first words"), []byte("second words")); err != nil {
		t.Fatal(err)
	}
	wantError(t, reopen(t, opts).Unlock([]byte("first words")), ErrWrongPassphrase)
	write(t, opts.path(identityName), former)
	wantError(t, reopen(t, opts).Unlock([]byte("second words")), ErrDamaged)
}

// A failed write returns an error and leaves the old content and no temporary file.
func TestFailedWriteLeavesNothing(t *testing.T) {
	s, opts := create(t, "")
	place := opts.path(itemsName, "k"+itemSuffix)
	if err := os.MkdirAll(filepath.Join(place, "x"), 0o700); err != nil { // a nonempty directory, which no rename replaces
		t.Fatal(err)
	}
	if err := s.Set("k", newKey(t)); err == nil {
		t.Error("nothing was said")
	}
	entries, err := os.ReadDir(opts.path(itemsName))
	if err != nil || len(entries) != 1 || entries[0].Name() != "k"+itemSuffix {
		t.Errorf("left: %v, %v", entries, err)
	}
}

// Anything but a store is not set aside. Failures to set aside or to reinstate are reported.
func TestSetAsideFails(t *testing.T) {
	empty := Options{Dir: private(t)}
	if _, _, err := SetAside(empty, asideDate); !errors.Is(err, ErrNoStore) {
		t.Errorf("an empty directory: %v, want ErrNoStore", err)
	}
	if entries, err := os.ReadDir(filepath.Dir(empty.Dir)); err != nil || len(entries) != 1 {
		t.Errorf("%v, %v", entries, err)
	}
	if err := Reinstate(Options{Dir: filepath.Join(t.TempDir(), "store")}, filepath.Join(t.TempDir(), "absent")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("nothing to put back: %v", err)
	}

	_, opts := create(t, "")
	for _, name := range []string{"state", "other"} {
		if err := os.Mkdir(opts.path(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	former := checkpoint
	t.Cleanup(func() { checkpoint = former })
	checkpoint = func() { // another program takes the name at once
		if _, err := os.Lstat(opts.Dir); errors.Is(err, os.ErrNotExist) {
			write(t, opts.Dir, []byte("a file"))
		}
	}
	dir, _, err := SetAside(opts, asideDate)
	if !errors.Is(err, ErrInsecure) || dir == "" {
		t.Errorf("%q, %v", dir, err)
	}
	checkpoint = former
	if text, err := os.ReadFile(opts.Dir); err != nil || !bytes.Equal(text, []byte("a file")) {
		t.Errorf("%q, %v", text, err)
	}
}

// Files that do not belong to the store stay in place.
func TestSetAsideLeavesAllElse(t *testing.T) {
	_, opts := create(t, "")
	names := []string{"other", "state", "third"}
	for _, name := range names {
		if err := os.Mkdir(opts.path(name), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	dir, _, err := SetAside(opts, asideDate)
	if err != nil {
		t.Fatal(err)
	}
	left := func() (found []string) {
		entries, err := os.ReadDir(opts.Dir)
		if err != nil {
			t.Fatal(err)
		}
		for _, entry := range entries {
			found = append(found, entry.Name())
		}
		return found
	}
	if got := left(); !slices.Equal(got, names) {
		t.Errorf("%q", got)
	}
	if err := Reinstate(opts, dir); err != nil {
		t.Fatal(err)
	}
	for _, name := range append(names, manifestName) {
		if !slices.Contains(left(), name) {
			t.Errorf("%s is lost", name)
		}
	}
}
