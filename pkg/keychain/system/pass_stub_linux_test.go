package system

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

// stubPass creates a password store with an entry X of this age, and shell scripts as pass and gpg2. gpg2 can use
// $CALLS, a file of the test.
func stubPass(t *testing.T, age time.Duration, pass, gpg2 string) (calls string) {
	t.Helper()
	bin, store := t.TempDir(), t.TempDir()
	entry := filepath.Join(store, "ragenv", "default", "env", "X.gpg")
	calls = filepath.Join(bin, "calls")
	for path, content := range map[string]string{
		filepath.Join(bin, "pass"): "#!/bin/sh\n" + pass + "\n", filepath.Join(bin, "gpg2"): "#!/bin/sh\nCALLS=" + calls + "\n" + gpg2 + "\n",
		filepath.Join(store, ".gpg-id"): "# nobody\nsomebody\n", entry: "x", calls: "",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	written := time.Now().Add(-age)
	if err := os.Chtimes(entry, written, written); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASSWORD_STORE_DIR", store)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	return calls
}

// The last line that pass prints is the reason.
func TestPassSaysWhy(t *testing.T) {
	stubPass(t, time.Hour, "echo first >&2; echo 'Error: X is not in the password store.' >&2; exit 1", `exit 1`)
	k := keychaintest.MustOpen(t, keychain.Options{Backend: keychain.BackendPass})
	err := k.Remove(keychaintest.EnvRef("X"))
	if !errors.Is(err, keychain.ErrUnavailable) || !strings.HasSuffix(err.Error(), ": Error: X is not in the password store.") || strings.Contains(err.Error(), "first") {
		t.Errorf("Remove: %v", err)
	}
	stubPass(t, time.Hour, "exit 1", `exit 1`)
	if err := keychaintest.MustOpen(t, keychain.Options{Backend: keychain.BackendPass}).Remove(keychaintest.EnvRef("X")); !errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Remove without a word: %v, want keychain.ErrLocked", err)
	}
}

// An entry that is being written is read again; an old one that gpg cannot read is not.
func TestPassReadsAnUnfinishedEntryAgain(t *testing.T) {
	const fails = `echo x >>"$CALLS"; exit 2`
	for name, c := range map[string]struct {
		age   time.Duration
		gpg2  string
		calls int
		want  error
	}{
		"old":     {time.Hour, fails, 1, keychain.ErrLocked},
		"written": {-time.Hour, `if [ -s "$CALLS" ]; then printf '{"Data":"eyJpdGVtIjoiZGVmYXVsdC9lbnYvWCIsInVwZGF0ZWQiOjF9CnZhbHVl"}'; exit; fi; ` + fails, 1, nil},
	} {
		t.Run(name, func(t *testing.T) {
			calls := stubPass(t, c.age, "exit 1", c.gpg2)
			item, err := keychaintest.MustOpen(t, keychain.Options{Backend: keychain.BackendPass}).Get(keychaintest.EnvRef("X"))
			if !errors.Is(err, c.want) || err == nil && item.Secret.Reveal() != "value" {
				t.Errorf("%v, want %v", err, c.want)
			}
			if data, err := os.ReadFile(calls); err != nil || strings.Count(string(data), "x") != c.calls {
				t.Errorf("gpg failed %d times, want %d: %v", strings.Count(string(data), "x"), c.calls, err)
			}
		})
	}
}

// Without PASSWORD_STORE_DIR, the store is in the home directory, as for pass.
func TestPassFindsItsHome(t *testing.T) {
	stubPass(t, time.Hour, "exit 1", "exit 1")
	t.Setenv("HOME", t.TempDir())
	if err := os.Rename(os.Getenv("PASSWORD_STORE_DIR"), filepath.Join(os.Getenv("HOME"), ".password-store")); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASSWORD_STORE_DIR", "")
	opts := keychain.Options{Backend: keychain.BackendPass}
	if has, err := keychaintest.MustOpen(t, opts).Has(keychaintest.EnvRef("X")); err != nil || !has {
		t.Errorf("Has: %t, %v", has, err)
	}
	t.Setenv("HOME", "")
	if _, err := keychain.Open(opts); !errors.Is(err, keychain.ErrUnavailable) || !strings.Contains(err.Error(), "HOME") {
		t.Errorf("without a home: %v, want keychain.ErrUnavailable", err)
	}
}

func TestRecipients(t *testing.T) {
	status := "gpg: encrypted\n[GNUPG:] ENC_TO 0123456789ABCDEF 18 0\n[GNUPG:] ENC_TO\n[GNUPG:] ENC_TO FEDCBA9876543210\n[GNUPG:] NO_SECKEY 0000000000000000\nx ENC_TO 1111111111111111 1\n"
	if got := recipients([]byte(status)); !slices.Equal(got, []string{"0123456789ABCDEF", "FEDCBA9876543210"}) {
		t.Errorf("%q", got)
	}
}

func TestKeyProblem(t *testing.T) {
	const shortFingerprint = "fpr:1:2:3:4:5:6:7:8\n" // cut off before the fingerprint
	for name, c := range map[string]struct {
		listing, fingerprint string
		reason               string // "" if the key can encrypt
		fault                keychain.KeyFault
	}{
		"good":             {"pub:u:255:22:A:1:::u:::scESC:\nsub:u:255:18:B:1::::::e\n", "", "", 0},
		"expired":          {"pub:e:255:22:A:1:2::u:::sc:\n" + shortFingerprint + "fpr:::::::::FIRST\nsub:e:255:18:B:1:2:::::e\nfpr:::::::::SECOND\n", "FIRST", "has expired", keychain.KeyExpired},
		"revoked":          {"pub:r:255:22:A:1:::u:::esc:\nfpr:::::::::FIRST\n", "", "was revoked", 0},
		"only for signing": {"pub:u:255:22:A:1:::u:::scSCE:\nfpr:::::::::FIRST\n", "", "cannot encrypt", 0},
		"one of two":       {"pub:e:255:22:A:1:2::u:::sc:\nsub:e:255:18:B:1:2:::::e\nsub:u:255:18:C:1::::::e\n", "", "", 0},
		"nothing":          {"", "", "cannot encrypt", 0},
	} {
		got := keyProblem(c.listing)
		if c.reason == "" {
			if got != nil {
				t.Errorf("%s: %v", name, got)
			}
			continue
		}
		if got == nil || got.Reason != c.reason || got.Fault != c.fault || got.Fingerprint != c.fingerprint {
			t.Errorf("%s: %+v", name, got)
		}
	}
}
