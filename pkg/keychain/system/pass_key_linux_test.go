package system

import (
	"errors"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

// gpg runs gpg without prompts.
func gpg(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.Command("gpg", append([]string{"--batch", "--yes", "--pinentry-mode=loopback", "--passphrase", ""}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("gpg %q: %v: %s", args, err, out)
	}
	return string(out)
}

// Encrypting to an expired key fails with a command that extends it. Stored items can still be read.
func TestPassExpiredKey(t *testing.T) {
	privatePass(t, "")
	opts := keychain.Options{Backend: keychain.BackendPass}
	gpg(t, "--faked-system-time", "20200101T000000", "--quick-gen-key", "expired test", "default", "default", "1d")
	if err := keychain.Probe(opts); err != nil {
		t.Fatalf("with a good key: %v", err)
	}
	k := keychaintest.MustOpen(t, opts)
	stored := keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}
	if err := k.Set(stored); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(os.Getenv("PASSWORD_STORE_DIR")+"/.gpg-id", []byte("expired test\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	var key *keychain.KeyError
	err := k.Set(keychain.Item{Ref: keychaintest.EnvRef("Y"), Secret: keychaintest.NewKey(t)})
	if !errors.As(err, &key) || !errors.Is(err, keychain.ErrUnavailable) || errors.Is(err, keychain.ErrLocked) || !strings.Contains(err.Error(), `"expired test" that pass encrypts to has expired`) {
		t.Fatalf("Set: %v", err)
	}
	if err := keychain.Probe(opts); !errors.As(err, &key) {
		t.Errorf("Probe: %v", err)
	}
	if item, err := k.Get(stored.Ref); err != nil || item.Secret != stored.Secret {
		t.Errorf("Get: %v", err)
	}
	// The command that internal/ui suggests.
	if key.Fault != keychain.KeyExpired {
		t.Errorf("fault %d, want KeyExpired", key.Fault)
	}
	gpg(t, "--quick-set-expire", key.Fingerprint, "1y")
	gpg(t, "--quick-set-expire", key.Fingerprint, "1y", "*")
	if err := keychain.Probe(opts); err != nil {
		t.Errorf("after the command: %v", err)
	}
	if err := k.Set(keychain.Item{Ref: keychaintest.EnvRef("Y"), Secret: keychaintest.NewKey(t)}); err != nil {
		t.Errorf("Set after the command: %v", err)
	}
}

// A missing key is reported as missing, for storing and for reading.
func TestPassMissingKey(t *testing.T) {
	privatePass(t, "")
	opts := keychain.Options{Backend: keychain.BackendPass}
	k := keychaintest.MustOpen(t, opts)
	item := keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
	fingerprint := ""
	for line := range strings.Lines(gpg(t, "--with-colons", "--list-keys", "ragenv test")) {
		if fields := strings.Split(line, ":"); fields[0] == "fpr" && fingerprint == "" {
			fingerprint = fields[9]
		}
	}
	var key *keychain.KeyError
	gpg(t, "--delete-secret-keys", fingerprint)
	if _, err := k.Get(item.Ref); !errors.As(err, &key) || errors.Is(err, keychain.ErrLocked) || key.Fault != keychain.KeySecretAbsent {
		t.Errorf("Get without the secret key: %v", err)
	}
	gpg(t, "--delete-keys", fingerprint)
	if err := k.Set(item); !errors.As(err, &key) || errors.Is(err, keychain.ErrLocked) || key.Fault != keychain.KeyAbsent || !strings.Contains(err.Error(), `gpg does not have the key "ragenv test" that pass encrypts to`) {
		t.Errorf("Set without the key: %v", err)
	}
	if err := keychain.Probe(opts); !errors.As(err, &key) {
		t.Errorf("Probe without the key: %v", err)
	}
}
