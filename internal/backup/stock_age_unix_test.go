//go:build unix

package backup

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/agestore"
)

const words = "correct horse"

// TestStockAge checks that the age program recovers an item of a store without a passphrase, of one with a
// passphrase, and a backup.
func TestStockAge(t *testing.T) {
	age, err := exec.LookPath("age")
	if err != nil {
		t.Skip("age is not installed")
	}
	secret := "value-" + time.Now().Format(time.RFC3339Nano)
	for name, passphrase := range map[string]string{"without a passphrase": "", "with a passphrase": words} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			store, err := agestore.Create(agestore.Options{Dir: dir}, agestore.Protection{Passphrase: []byte(passphrase), WorkFactor: 10})
			if err != nil {
				t.Fatal(err)
			}
			if err := store.Set("default/env/X", []byte(secret)); err != nil {
				t.Fatal(err)
			}
			items, err := filepath.Glob(filepath.Join(dir, "items", "*.age"))
			if err != nil || len(items) != 1 {
				t.Fatalf("%q, %v", items, err)
			}
			if got := stockAge(t, passphrase != "", age, "-i", filepath.Join(dir, "identity"), items[0]); got != secret {
				t.Error("age read another value")
			}
		})
	}
	t.Run("a backup", func(t *testing.T) {
		var file bytes.Buffer
		item := keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "X"}, Secret: keychain.NewSecret(secret)}
		if err := write(&file, []keychain.Item{item}, []byte(words), time.Now(), 10); err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(t.TempDir(), "keys.age")
		if err := os.WriteFile(path, file.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := stockAge(t, true, age, path); !strings.Contains(got, secret) {
			t.Error("age did not read the value")
		}
	})
}

// stockAge runs age -d on a terminal and answers its passphrase prompt.
func stockAge(t *testing.T, asks bool, age string, args ...string) string {
	t.Helper()
	out := filepath.Join(t.TempDir(), "out")
	cmd := exec.CommandContext(t.Context(), age, append([]string{"-d", "-o", out}, args...)...)
	terminal, err := pty.Start(cmd)
	if err != nil {
		t.Skipf("no terminal here: %v", err)
	}
	defer func() { _ = terminal.Close() }()
	var said []byte
	buf := make([]byte, 1024)
	for answered := false; ; {
		n, err := terminal.Read(buf)
		said = append(said, buf[:n]...)
		if asks && !answered && bytes.Contains(said, []byte("passphrase")) {
			answered = true
			if _, err := terminal.Write([]byte(words + "\n")); err != nil {
				t.Fatal(err)
			}
		}
		if err != nil {
			break // the program has ended
		}
	}
	if err := cmd.Wait(); err != nil {
		t.Fatalf("age: %v: %s", err, said)
	}
	data, err := os.ReadFile(out)
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
