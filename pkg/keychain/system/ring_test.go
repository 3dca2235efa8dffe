package system

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"runtime"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

func randomName(t *testing.T) string {
	t.Helper()
	raw := make([]byte, 6)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	return "ragenv-test-" + hex.EncodeToString(raw)
}

// openOrSkip opens a backend of the machine, or skips with the reason why there is none.
func openOrSkip(t *testing.T, opts keychain.Options) *keychain.Keychain {
	t.Helper()
	k, err := keychain.Open(opts)
	if errors.Is(err, keychain.ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

// The keychains of macOS and Windows are one for the whole login: there is no private one to give to a test, so a user's
// own stays out of it. What the contract stores, under a random name, it removes.
func TestOwnKeychainContract(t *testing.T) {
	backend := map[string]string{"darwin": keychain.BackendKeychain, "windows": keychain.BackendWinCred}[runtime.GOOS]
	switch {
	case backend == "":
		t.Skipf("neither the macOS Keychain nor the Credential Manager exists on %s", runtime.GOOS)
	case os.Getenv("CI") == "":
		t.Skipf("the %s backend is the user's own keychain: set CI=1 to use it", backend)
	}
	opts := keychain.Options{Backend: backend, Namespace: randomName(t)}
	openOrSkip(t, opts)
	keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return keychaintest.MustOpen(t, opts) })
}
