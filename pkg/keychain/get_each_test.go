package keychain_test

import (
	"errors"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// An item that cannot be read has its own error, and the others are read. In a locked store all have the
// same error.
func TestGetEach(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	options := keychain.Options{Backend: keychain.BackendFile, Dir: dir}
	k, err := keychain.CreateFileStore(options, keychain.Protection{})
	if err != nil {
		t.Fatal(err)
	}
	var refs []keychain.Ref
	for _, name := range []string{"A_TOKEN", "B_TOKEN", "C_TOKEN", "D_TOKEN", "E_TOKEN"} {
		ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: name}
		refs = append(refs, ref)
		if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret("the value of " + name)}); err != nil {
			t.Fatal(err)
		}
	}
	if err := k.Remove(refs[1]); err != nil {
		t.Fatal(err)
	}
	files, err := filepath.Glob(filepath.Join(dir, "items", "*env+C_TOKEN*"))
	if err != nil || len(files) != 1 {
		t.Fatalf("%q, %v", files, err)
	}
	if err := os.WriteFile(files[0], []byte("not an age file"), 0o600); err != nil {
		t.Fatal(err)
	}
	items, errs := k.GetEach(refs)
	for i, ref := range refs {
		want := map[int]error{1: keychain.ErrNotFound, 2: keychain.ErrDamaged}[i]
		if !errors.Is(errs[i], want) || want == nil && items[i].Secret.Reveal() != "the value of "+ref.Name {
			t.Errorf("%s: %v, want %v", ref.Name, errs[i], want)
		}
	}
	if items, errs := k.GetEach(nil); len(items) != 0 || len(errs) != 0 {
		t.Errorf("of nothing: %d items, %d errors", len(items), len(errs))
	}
}

// A passphrase is asked for once, whether or not it is right.
func TestGetEachAsksOnce(t *testing.T) {
	var asked atomic.Int32
	given := "wrong"
	options := keychain.Options{
		Backend: keychain.BackendFile, Dir: filepath.Join(t.TempDir(), "store"),
		Passphrase: func() ([]byte, error) {
			asked.Add(1)
			return []byte(given), nil
		},
	}
	k, err := keychain.CreateFileStore(options, keychain.Protection{Passphrase: []byte("right"), WorkFactor: 1})
	if err != nil {
		t.Fatal(err)
	}
	var refs []keychain.Ref
	for _, name := range []string{"A_TOKEN", "B_TOKEN", "C_TOKEN", "D_TOKEN"} {
		refs = append(refs, keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: name})
		if err := k.Set(keychain.Item{Ref: refs[len(refs)-1], Secret: keychain.NewSecret(name)}); err != nil {
			t.Fatal(err)
		}
	}
	for passphrase, want := range map[string]error{"wrong": keychain.ErrWrongPassphrase, "right": nil} {
		given = passphrase
		asked.Store(0)
		locked, err := keychain.Open(options)
		if err != nil {
			t.Fatal(err)
		}
		_, errs := locked.GetEach(refs)
		for _, err := range errs {
			if !errors.Is(err, want) {
				t.Errorf("%s: %v, want %v", passphrase, err, want)
			}
		}
		if n := asked.Load(); n != 1 {
			t.Errorf("%s: asked %d times", passphrase, n)
		}
	}
}
