package keychain_test

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// TestFingerprints checks that replaced and removed values are recognized, whether or not the store was
// unlocked when they were stored, and that no listing or file shows one.
func TestFingerprints(t *testing.T) {
	for name, locked := range map[string]bool{"open": false, "locked": true} {
		t.Run(name, func(t *testing.T) {
			opts := keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(t.TempDir(), "store")}
			var passphrase []byte
			if locked {
				passphrase = []byte("passphrase")
			}
			if _, err := keychain.CreateFileStore(opts, keychain.Protection{Passphrase: passphrase, WorkFactor: 10}); err != nil {
				t.Fatal(err)
			}
			reopen := func() *keychain.Keychain {
				k, err := keychain.Open(opts)
				if err != nil {
					t.Fatal(err)
				}
				return k
			}
			ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "A_KEY"}
			values := []string{"first-value", "second-value", "second-value", "third-value"}
			for _, value := range values {
				if err := reopen().Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(value)}); err != nil {
					t.Fatal(err)
				}
			}
			if err := reopen().Remove(ref); err != nil {
				t.Fatal(err)
			}
			k := reopen()
			if locked {
				if _, err := k.Fingerprints("default"); !errors.Is(err, keychain.ErrLocked) {
					t.Fatalf("a locked store: %v", err)
				}
				if err := k.Unlock(passphrase); err != nil && !errors.Is(err, keychain.ErrUnavailable) {
					t.Fatal(err)
				}
			}
			for round := range 2 { // the second round finds them merged
				fingerprints, err := k.Fingerprints("default")
				if err != nil {
					t.Fatal(err)
				}
				for _, value := range values {
					if !recognizes(fingerprints, ref, value) {
						t.Errorf("round %d: %q is not recognized", round, value)
					}
				}
				if recognizes(fingerprints, ref, "other-value") {
					t.Error("a value that never was is recognized")
				}
			}
			if refs, err := k.List(""); err != nil || len(refs) != 0 {
				t.Errorf("listed: %v, %v", refs, err)
			}
			all, err := k.ListAll("")
			if err != nil || len(all) != 1 || all[0].Name != "A_KEY" {
				t.Errorf("kept: %v, %v", all, err)
			}
			err = filepath.WalkDir(opts.Dir, func(path string, d os.DirEntry, err error) error {
				if err != nil || d.IsDir() {
					return err
				}
				data, err := os.ReadFile(path)
				if strings.Contains(string(data), "mac") {
					t.Errorf("%s is not encrypted", path)
				}
				for _, value := range values {
					sum := sha256.Sum256([]byte(value))
					if strings.Contains(string(data), value) || bytes.Contains(data, sum[:]) || strings.Contains(string(data), hex.EncodeToString(sum[:])) {
						t.Errorf("%s holds a value or its hash", path)
					}
				}
				return err
			})
			if err != nil {
				t.Fatal(err)
			}
		})
	}
}

func recognizes(fingerprints []keychain.Fingerprint, ref keychain.Ref, value string) bool {
	for _, f := range fingerprints {
		if f.Ref == ref && f.Matches(value) {
			return true
		}
	}
	return false
}

func TestFingerprintsAreBounded(t *testing.T) {
	for _, passphrase := range []string{"", "passphrase"} {
		opts := keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(t.TempDir(), "store")}
		if _, err := keychain.CreateFileStore(opts, keychain.Protection{Passphrase: []byte(passphrase), WorkFactor: 10}); err != nil {
			t.Fatal(err)
		}
		k, err := keychain.Open(opts)
		if err != nil {
			t.Fatal(err)
		}
		ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "A_KEY"}
		for i := range 2 * keychain.MaxFingerprints {
			if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(fmt.Sprint("value-", i))}); err != nil {
				t.Fatal(err)
			}
		}
		if passphrase != "" {
			_ = k.Unlock([]byte(passphrase)) // if nothing can be cached, this process still has it
		}
		fingerprints, err := k.Fingerprints("default")
		if err != nil || len(fingerprints) != keychain.MaxFingerprints || !recognizes(fingerprints, ref, fmt.Sprint("value-", 2*keychain.MaxFingerprints-1)) {
			t.Errorf("passphrase %q: %d fingerprints, %v", passphrase, len(fingerprints), err)
		}
	}
}

// TestFingerprintsMove checks that a migration copies fingerprints and merges them with the destination's.
func TestFingerprintsMove(t *testing.T) {
	var keychains []*keychain.Keychain
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "A_KEY"}
	for i := range 2 {
		k, err := keychain.CreateFileStore(keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(t.TempDir(), "store")}, keychain.Protection{})
		if err != nil {
			t.Fatal(err)
		}
		for _, value := range []string{fmt.Sprint("old-", i), "now"} {
			if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(value)}); err != nil {
				t.Fatal(err)
			}
		}
		keychains = append(keychains, k)
	}
	verified, err := keychain.CopyAll(keychains[0], keychains[1], nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := keychain.RemoveAll(keychains[0], verified); err != nil {
		t.Fatal(err)
	}
	fingerprints, err := keychains[1].Fingerprints("")
	if err != nil || !recognizes(fingerprints, ref, "old-0") || !recognizes(fingerprints, ref, "old-1") {
		t.Errorf("%d fingerprints, %v", len(fingerprints), err)
	}
	if left, err := keychains[0].ListAll(""); err != nil || len(left) != 0 {
		t.Errorf("left: %v, %v", left, err)
	}
}
