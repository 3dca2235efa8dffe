package agestore

import (
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"
)

var asideDate = time.Date(2026, 11, 26, 23, 0, 0, 0, time.UTC)

func TestSetAside(t *testing.T) {
	opts := testOptions(filepath.Join(t.TempDir(), "store"))
	if _, _, err := SetAside(opts, asideDate); !errors.Is(err, ErrNoStore) {
		t.Fatalf("without a store: %v", err)
	}
	former := []byte("former words")
	s, err := Create(opts, Protection{Passphrase: former, WorkFactor: fastScrypt})
	if err != nil {
		t.Fatal(err)
	}
	value := newKey(t)
	set(t, s, "a/b", value)
	// On Windows the programs' state is in a directory below the store's.
	if err := os.Mkdir(opts.path("state"), 0o700); err != nil {
		t.Fatal(err)
	}
	dir, keys, err := SetAside(opts, asideDate)
	if err != nil || dir != opts.Dir+".2026-11-26" || !slices.Equal(keys, []string{"a/b"}) {
		t.Fatalf("got %q, %q, %v", dir, keys, err)
	}
	if _, err := os.Stat(opts.path("state")); err != nil {
		t.Error("what is no part of the store was moved with it")
	}
	if _, err := Open(opts); !errors.Is(err, ErrNoStore) {
		t.Errorf("the place is not empty: %v", err)
	}
	kept, err := Open(Options{Dir: dir, Passphrase: func() ([]byte, error) { return former, nil }})
	if err != nil {
		t.Fatal(err)
	}
	if got, err := kept.Get("a/b"); err != nil || string(got) != string(value) {
		t.Errorf("it cannot be read any more: %v", err)
	}

	// A second one on the same day gets another name. A damaged store.json is set aside too.
	if _, err := Create(opts, Protection{}); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(opts.path(manifestName), []byte("{"), 0o600); err != nil {
		t.Fatal(err)
	}
	if dir, _, err := SetAside(opts, asideDate); err != nil || dir != opts.Dir+".2026-11-26-2" {
		t.Errorf("got %q, %v", dir, err)
	}
}

func TestReinstate(t *testing.T) {
	opts := testOptions(filepath.Join(t.TempDir(), "store"))
	s, err := Create(opts, Protection{})
	if err != nil {
		t.Fatal(err)
	}
	value := newKey(t)
	set(t, s, "k", value)
	dir, _, err := SetAside(opts, asideDate)
	if err != nil {
		t.Fatal(err)
	}
	// An interrupted Create leaves these.
	if err := makeDir(opts.path(itemsName)); err != nil {
		t.Fatal(err)
	}
	if err := writeFile(opts.Dir, identityName, []byte("x")); err != nil {
		t.Fatal(err)
	}
	if err := Reinstate(opts, dir); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(opts); err != nil {
		t.Fatal(err)
	}
	if got, err := s.Get("k"); err != nil || string(got) != string(value) {
		t.Errorf("it is not as it was: %v", err)
	}
	if dir, _, err = SetAside(opts, asideDate); err != nil {
		t.Fatal(err)
	}
	if _, err := Create(opts, Protection{}); err != nil {
		t.Fatal(err)
	}
	if err := Reinstate(opts, dir); !errors.Is(err, ErrExists) {
		t.Errorf("over another store: %v", err)
	}
}

func TestWriterOfAStoreThatWasSetAside(t *testing.T) {
	for _, recreated := range []bool{false, true} {
		opts := testOptions(filepath.Join(t.TempDir(), "store"))
		late, err := Create(opts, Protection{})
		if err != nil {
			t.Fatal(err)
		}
		if _, _, err := SetAside(opts, asideDate); err != nil {
			t.Fatal(err)
		}
		if recreated {
			if _, err := Create(opts, Protection{}); err != nil {
				t.Fatal(err)
			}
		}
		if err := late.Set("k", newKey(t)); !errors.Is(err, ErrReplaced) {
			t.Errorf("recreated %t: %v", recreated, err)
		}
		if recreated {
			if s, err := Open(opts); err != nil {
				t.Error(err)
			} else if keys, err := s.Keys(); err != nil || len(keys) > 0 {
				t.Errorf("the new store has %q, %v", keys, err)
			}
		} else if _, err := os.Stat(opts.Dir); err == nil {
			t.Error("the writer made a directory")
		}
	}
}

// A writer that waits for the lock still has the old store's lock file open.
func TestLockOfAStoreThatWasSetAside(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a directory in which a file is open cannot be renamed on Windows")
	}
	opts := testOptions(filepath.Join(t.TempDir(), "store"))
	if _, err := Create(opts, Protection{}); err != nil {
		t.Fatal(err)
	}
	f, err := openNoFollow(opts.path(lockName), os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	if !stillAt(opts.path(lockName), f) {
		t.Fatal("the lock is not taken for its own")
	}
	if _, _, err := SetAside(opts, asideDate); err != nil {
		t.Fatal(err)
	}
	if stillAt(opts.path(lockName), f) {
		t.Error("without a store the former lock counts")
	}
	if _, err := Create(opts, Protection{}); err != nil {
		t.Fatal(err)
	}
	if stillAt(opts.path(lockName), f) {
		t.Error("the former store's lock counts for the new one")
	}
}

// After a crash the complete store is at one of the two paths.
func TestCrashWhileSettingAside(t *testing.T) {
	value := newKey(t)
	prepare := func(opts Options) {
		s, err := Create(opts, Protection{})
		if err != nil {
			t.Fatal(err)
		}
		set(t, s, "k", value)
	}
	change := func(opts Options) error {
		_, _, err := SetAside(opts, asideDate)
		return err
	}
	crashing(t, prepare, change, func(t *testing.T, opts Options, finished bool) {
		var found []string
		for _, dir := range []string{opts.Dir, opts.Dir + ".2026-11-26"} {
			s, err := Open(testOptions(dir))
			if errors.Is(err, ErrNoStore) {
				continue
			}
			if err != nil {
				t.Fatal(err)
			}
			if got, err := s.Get("k"); err != nil || string(got) != string(value) {
				t.Errorf("%s: %v", dir, err)
			}
			found = append(found, dir)
		}
		if len(found) != 1 || finished && found[0] == opts.Dir {
			t.Errorf("found in %q, finished %t", found, finished)
		}
	})
}
