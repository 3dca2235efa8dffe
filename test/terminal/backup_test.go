//go:build linux || darwin

package terminal_test

import (
	"bytes"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"filippo.io/age"
	"filippo.io/age/armor"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

func TestBackupAsks(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	k, err := keychain.CreateFileStore(w.KeychainOptions(), keychain.Protection{WorkFactor: 10})
	if err != nil {
		t.Fatal(err)
	}
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
	set := func(value string) {
		t.Helper()
		if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(value)}); err != nil {
			t.Fatal(err)
		}
	}
	key, other := scripttest.NewKey(), scripttest.NewKey()
	set(key)
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "backup", "keys.age")
	d.Expect("Passphrase for the backup: ").Send("\r").Expect("Confirm passphrase: ").Send("\r").Expect("A backup needs a passphrase.")
	d.Expect("Passphrase for the backup: ").Send("horse battery\r").Expect("Confirm passphrase: ").Send("horse battery\r")
	d.Expect("1 item of all profiles in keys.age").WantCode(0)
	d.WantHidden(key, "horse battery")

	// age's own library can open it.
	file, err := os.ReadFile(filepath.Join(w.Dir, "keys.age"))
	if err != nil {
		t.Fatal(err)
	}
	identity, err := age.NewScryptIdentity("horse battery")
	if err != nil {
		t.Fatal(err)
	}
	plain, err := age.Decrypt(armor.NewReader(bytes.NewReader(file)), identity)
	if err != nil {
		t.Fatal(err)
	}
	if text, err := io.ReadAll(plain); err != nil || !strings.Contains(string(text), key) {
		t.Errorf("age reads a file without the key, %v", err)
	}

	set(other)
	d = w.Start(ragenv, "restore", "keys.age")
	d.Expect("Passphrase of the backup: ").Send("wrong\r").Expect("Wrong passphrase, try again.").Expect("Passphrase of the backup: ").Send("horse battery\r")
	d.Expect("NGC_API_KEY is already stored with a different value. Replace it? [y/N] ").SendNow("\r")
	d.Expect("0 items restored").WantCode(0)
	if value, _ := w.Stored("NGC_API_KEY"); value != other {
		t.Error("it was replaced without consent")
	}
	d = w.Start(ragenv, "restore", "keys.age")
	d.Expect("Passphrase of the backup: ").Send("horse battery\r").Expect("[y/N] ").SendNow("y\r").Expect("1 item restored").WantCode(0)
	if value, _ := w.Stored("NGC_API_KEY"); value != key {
		t.Error("it was not replaced")
	}
	d.WantHidden(key, other, "horse battery")
}
