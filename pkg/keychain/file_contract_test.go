package keychain_test

import (
	"errors"
	"path/filepath"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

func TestFileContract(t *testing.T) {
	const passphrase = "secret words"
	create := func(t *testing.T, opts keychain.Options, passphrase string) keychain.Options {
		t.Helper()
		opts.Backend, opts.Dir = keychain.BackendFile, filepath.Join(t.TempDir(), "ragenv")
		k, err := keychain.CreateFileStore(opts, keychain.Protection{Passphrase: []byte(passphrase), WorkFactor: 10})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = k.Lock() })
		return opts
	}
	t.Run("plain", func(t *testing.T) {
		opts := create(t, keychain.Options{}, "")
		keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return keychaintest.MustOpen(t, opts) })
	})
	t.Run("passphrase", func(t *testing.T) {
		opts := create(t, keychain.Options{}, passphrase)
		opts.Passphrase = func() ([]byte, error) { return []byte(passphrase), nil }
		keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return keychaintest.MustOpen(t, opts) })
	})
	t.Run("kernel cache", func(t *testing.T) {
		opts := create(t, keychain.Options{CacheFor: time.Hour}, passphrase)
		err := keychaintest.MustOpen(t, opts).Unlock([]byte(passphrase))
		if errors.Is(err, keychain.ErrUnavailable) {
			t.Skipf("no kernel keyring here: %v", err)
		}
		if err != nil {
			t.Fatal(err)
		}
		opts.Passphrase = func() ([]byte, error) {
			t.Error("the passphrase was asked for although the identity is cached")
			return nil, keychain.ErrLocked
		}
		keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return keychaintest.MustOpen(t, opts) })
	})
}
