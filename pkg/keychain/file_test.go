package keychain

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain/internal/kernelcache"
)

// fastScrypt makes tests fast: the work factor does not affect what they test.
const fastScrypt = 4

func fileOptions(t *testing.T) Options {
	t.Helper()
	return Options{Backend: BackendFile, Dir: filepath.Join(t.TempDir(), "ragenv")}
}

func createFileStore(t *testing.T, opts Options, passphrase string) {
	t.Helper()
	opts.CacheFor = 0 // each test unlocks the store itself
	k, err := CreateFileStore(opts, Protection{Passphrase: []byte(passphrase), WorkFactor: fastScrypt})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = k.Lock() })
}

func mustOpen(t *testing.T, opts Options) *Keychain {
	t.Helper()
	k, err := Open(opts)
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func skipWithoutKernelCache(t *testing.T, err error) {
	t.Helper()
	if errors.Is(err, ErrUnavailable) {
		t.Skipf("no kernel keyring here: %v", err)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func TestFileLockedAndUnlocked(t *testing.T) {
	opts := fileOptions(t)
	opts.CacheFor = time.Hour
	createFileStore(t, opts, "secret words")
	ref := envRef("NGC_API_KEY")
	item := Item{Ref: ref, Secret: newKey(t)}
	if err := mustOpen(t, opts).Set(item); err != nil {
		t.Fatalf("storing while locked: %v", err)
	}
	wantLocked := func() {
		t.Helper()
		k := mustOpen(t, opts)
		if _, err := k.Get(ref); !errors.Is(err, ErrLocked) {
			t.Fatalf("Get: %v, want ErrLocked", err)
		}
		if _, err := k.Get(envRef("ABSENT")); !errors.Is(err, ErrNotFound) {
			t.Fatalf("Get of the absent while locked: %v, want ErrNotFound", err)
		}
		if refs, err := k.List(""); err != nil || !slices.Equal(refs, []Ref{ref}) {
			t.Fatalf("List while locked: %v, %v", refs, err)
		}
		if k.Unlocked() {
			t.Fatal("Unlocked = true")
		}
	}
	wantLocked()
	if err := mustOpen(t, opts).Unlock([]byte("wrong words")); !errors.Is(err, ErrWrongPassphrase) {
		t.Fatalf("Unlock: %v, want ErrWrongPassphrase", err)
	}
	skipWithoutKernelCache(t, mustOpen(t, opts).Unlock([]byte("secret words")))
	if got, err := mustOpen(t, opts).Get(ref); err != nil || got.Secret != item.Secret {
		t.Fatalf("Get after Unlock: %v", err)
	}
	if err := mustOpen(t, opts).Lock(); err != nil {
		t.Fatal(err)
	}
	wantLocked()
	if err := mustOpen(t, opts).Unlock([]byte("secret words")); err != nil {
		t.Fatal(err)
	}
	if err := mustOpen(t, opts).ChangePassphrase([]byte("secret words"), []byte("new words")); err != nil {
		t.Fatal(err)
	}
	wantLocked()
	if err := mustOpen(t, opts).Unlock([]byte("secret words")); !errors.Is(err, ErrWrongPassphrase) {
		t.Fatalf("Unlock with the former passphrase: %v", err)
	}
}

func TestFileWithoutPassphraseHasNothingToUnlock(t *testing.T) {
	opts := fileOptions(t)
	createFileStore(t, opts, "")
	k := mustOpen(t, opts)
	if protected, err := k.Protected(); protected || err != nil {
		t.Errorf("Protected = %t, %v", protected, err)
	}
	if err := k.Unlock([]byte("x")); !errors.Is(err, ErrNotProtected) {
		t.Errorf("Unlock: %v, want ErrNotProtected", err)
	}
}

func TestSwappedFilesAreNoticed(t *testing.T) {
	opts := fileOptions(t)
	createFileStore(t, opts, "")
	for _, name := range []string{"NGC_API_KEY", "CYBORGDB_API_KEY"} {
		if err := mustOpen(t, opts).Set(Item{Ref: envRef(name), Secret: newKey(t)}); err != nil {
			t.Fatal(err)
		}
	}
	a := filepath.Join(opts.Dir, "items", "default+env+NGC_API_KEY.age")
	b := filepath.Join(opts.Dir, "items", "default+env+CYBORGDB_API_KEY.age")
	for _, move := range [][2]string{{a, a + ".x"}, {b, a}, {a + ".x", b}} {
		if err := os.Rename(move[0], move[1]); err != nil {
			t.Fatal(err)
		}
	}
	for _, name := range []string{"NGC_API_KEY", "CYBORGDB_API_KEY"} {
		if _, err := mustOpen(t, opts).Get(envRef(name)); !errors.Is(err, ErrDamaged) {
			t.Errorf("Get(%s): %v, want ErrDamaged", name, err)
		}
	}
}

func TestUnlockExpires(t *testing.T) {
	opts := fileOptions(t)
	opts.CacheFor = time.Second
	createFileStore(t, opts, "secret words")
	k := mustOpen(t, opts)
	if err := k.Set(Item{Ref: envRef("X"), Secret: newKey(t)}); err != nil {
		t.Fatal(err)
	}
	skipWithoutKernelCache(t, k.Unlock([]byte("secret words")))
	id := k.file.store.ID()
	// Wait for as long as a slow machine needs until the cache expires.
	for range 600 {
		if _, err := kernelcache.Get(id); err != nil {
			if _, err := mustOpen(t, opts).Get(envRef("X")); !errors.Is(err, ErrLocked) {
				t.Errorf("Get after the time limit: %v, want ErrLocked", err)
			}
			// An expired key cannot be removed, only replaced by one that can.
			if err := kernelcache.Put(id, []byte("x"), time.Minute); err != nil {
				t.Error(err)
			}
			return // createFileStore locks it
		}
		time.Sleep(100 * time.Millisecond)
	}
	t.Error("the cached identity outlived its time limit by a minute")
}

// TestNeitherHalfSuffices checks that the kernel keyring, which a container of the same user may read, does
// not reveal the identity, nor does the store's directory or a backup of it.
func TestNeitherHalfSuffices(t *testing.T) {
	opts := fileOptions(t)
	opts.CacheFor = time.Minute
	createFileStore(t, opts, "secret words")
	k := mustOpen(t, opts)
	if err := k.Set(Item{Ref: envRef("X"), Secret: newKey(t)}); err != nil {
		t.Fatal(err)
	}
	skipWithoutKernelCache(t, k.Unlock([]byte("secret words")))
	id := k.file.store.ID()
	cached, err := kernelcache.Get(id)
	if err != nil || bytes.Contains(bytes.ToUpper(cached), []byte("AGE-SECRET-KEY")) {
		t.Errorf("the keyring has the identity: %v", err)
	}
	if _, err := mustOpen(t, opts).Get(envRef("X")); err != nil {
		t.Errorf("with both halves: %v", err)
	}
	half := filepath.Join(opts.Dir, "unlock-key")
	if info, err := os.Stat(half); err != nil || runtime.GOOS != "windows" && info.Mode().Perm() != 0o600 {
		t.Errorf("%v, %v", info, err)
	}
	first, err := os.ReadFile(half)
	if err != nil || len(first) != 32 || bytes.Equal(first, make([]byte, len(first))) {
		t.Errorf("the key is %d bytes, or all of them are 0 (%v)", len(first), err)
	}
	if err := os.Rename(half, half+"-away"); err != nil {
		t.Fatal(err)
	}
	if _, err := mustOpen(t, opts).Get(envRef("X")); !errors.Is(err, ErrLocked) {
		t.Errorf("with the keyring alone: %v", err)
	}
	if err := os.Rename(half+"-away", half); err != nil {
		t.Fatal(err)
	}
	if err := k.Lock(); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(half); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("after locking the key is still there: %v", err)
	}
	// A copy of the keyring is useless after the lock.
	if err := kernelcache.Put(id, cached, time.Minute); err != nil {
		t.Fatal(err)
	}
	if _, err := mustOpen(t, opts).Get(envRef("X")); !errors.Is(err, ErrLocked) {
		t.Errorf("after locking: %v", err)
	}
	if err := k.Unlock([]byte("secret words")); err != nil {
		t.Fatal(err)
	}
	if next, err := os.ReadFile(half); err != nil || bytes.Equal(next, first) {
		t.Errorf("the next unlock has the same key (%v)", err)
	}
	if err := os.WriteFile(half, []byte("cut"), 0o600); err != nil { // as left by a killed writer
		t.Fatal(err)
	}
	if err := mustOpen(t, opts).Unlock([]byte("secret words")); err != nil {
		t.Error(err)
	}
	if _, err := mustOpen(t, opts).Get(envRef("X")); err != nil {
		t.Errorf("after a cut key was replaced: %v", err)
	}
}
