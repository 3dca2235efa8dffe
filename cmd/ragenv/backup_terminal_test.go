//go:build linux || darwin

package main

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
)

func TestBackupAsks(t *testing.T) {
	w := newWorld(t)
	k, err := keychain.CreateFileStore(w.keychainOptions(), nil)
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
	d := w.start(ragenv, "backup", "keys.age")
	d.expect("Passphrase for the backup: ").send("\r").expect("Once more: ").send("\r").expect("A backup needs a passphrase.")
	d.expect("Passphrase for the backup: ").send("horse battery\r").expect("Once more: ").send("horse battery\r")
	d.expect("1 item of all profiles in keys.age").wantCode(0)
	d.wantHidden(key, "horse battery")

	// age's own reader opens it.
	file, err := os.ReadFile(filepath.Join(w.dir, "keys.age"))
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
	d = w.start(ragenv, "restore", "keys.age")
	d.expect("Passphrase of the backup: ").send("wrong\r").expect("Once more.").expect("Passphrase of the backup: ").send("horse battery\r")
	d.expect("NGC_API_KEY is stored with another value than the backup's. Replace it? [y/N] ").sendNow("\r")
	d.expect("0 items restored").wantCode(0)
	if value, _ := w.stored("NGC_API_KEY"); value != other {
		t.Error("it was replaced without consent")
	}
	d = w.start(ragenv, "restore", "keys.age")
	d.expect("Passphrase of the backup: ").send("horse battery\r").expect("[y/N] ").sendNow("y\r").expect("1 item restored").wantCode(0)
	if value, _ := w.stored("NGC_API_KEY"); value != key {
		t.Error("it was not replaced")
	}
	d.wantHidden(key, other, "horse battery")
}
