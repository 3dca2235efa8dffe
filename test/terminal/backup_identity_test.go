//go:build linux || darwin

package terminal_test

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// TestSSHIdentityAsks checks that an SSH private key with a passphrase opens a backup once the passphrase
// is typed.
func TestSSHIdentityAsks(t *testing.T) {
	t.Parallel()
	keygen, err := exec.LookPath("ssh-keygen")
	if err != nil {
		t.Skip("ssh-keygen is not installed")
	}
	w := terminal.NewWorld(t)
	k, err := keychain.CreateFileStore(w.KeychainOptions(), keychain.Protection{WorkFactor: 10})
	if err != nil {
		t.Fatal(err)
	}
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
	key := scripttest.NewKey()
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(key)}); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command(keygen, "-q", "-t", "ed25519", "-N", "horse battery", "-f", filepath.Join(w.Dir, "id")).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	w.Start(ragenv, "backup", "--recipients-file", "id.pub", "keys.age").Expect("1 item of all profiles in keys.age").WantCode(0)
	if err := k.Remove(ref); err != nil {
		t.Fatal(err)
	}

	d := w.Start(ragenv, "restore", "--identity", "id", "keys.age")
	d.Expect("Passphrase of ").Send("wrong\r").Expect("error: id: wrong passphrase").Expect("hint: run it again").WantCode(1)
	if _, found := w.Stored("NGC_API_KEY"); found {
		t.Error("a wrong passphrase restored the key")
	}
	d = w.Start(ragenv, "restore", "--identity", "id", "keys.age")
	d.Expect("Passphrase of ").Send("horse battery\r").Expect("1 item restored").WantCode(0)
	if value, _ := w.Stored("NGC_API_KEY"); value != key {
		t.Error("the key was not restored")
	}
	d.WantHidden(key, "horse battery")
}
