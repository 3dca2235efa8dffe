//go:build linux || darwin

package terminal_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/backup"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// setAside returns the directories of the keychains set aside.
func setAside(t *testing.T, w *terminal.World) []string {
	t.Helper()
	dirs, err := filepath.Glob(w.KeychainOptions().Dir + ".*")
	if err != nil {
		t.Fatal(err)
	}
	return dirs
}

func TestForgottenPassphrase(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key := w.Protect("forgotten")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)

	// Every command that prompts says how to recover, and setup fails if it cannot read the keychain.
	for _, args := range [][]string{{"get", "NGC_API_KEY", "--reveal"}, {"unlock"}, {"setup"}, {"passphrase"}} {
		d := w.Start(append([]string{ragenv}, args...)...)
		prompt := "Passphrase of your keychain: "
		if args[0] == "passphrase" {
			prompt = "Current passphrase: "
		}
		for range 3 {
			d.Expect(prompt).Send("guess\r")
		}
		d.Expect("error: ").Expect("if the passphrase is forgotten, set this keychain aside: ragenv reset").WantCode(1)
		if strings.Contains(d.Text(), "Done") {
			t.Errorf("%s: it says that all is done:\n%s", args[0], d.Text())
		}
		d.WantHidden("guess")
	}

	// A no, or an interrupt at any prompt, changes nothing.
	consent := "Set this keychain aside (it is not deleted) and create an empty one? [y/N] "
	w.Start(ragenv, "reset").Expect("In the keychain: NGC_API_KEY").Expect(consent).SendNow("\r").Expect("error: nothing was changed").WantCode(1)
	w.Start(ragenv, "reset").Expect(consent).SendNow("\x03").WantCode(130)
	w.Start(ragenv, "reset").Expect(consent).SendNow("y\r").Expect("New passphrase").Send("\x03").WantCode(130)
	if dirs := setAside(t, w); len(dirs) > 0 {
		t.Fatalf("it was set aside: %q", dirs)
	}

	d := w.Start(ragenv, "reset")
	d.Expect(consent).SendNow("y\r").Expect("New passphrase (Enter for none): ").Send("horse battery\r").Expect("Confirm passphrase: ").Send("horse battery\r")
	d.Expect("it holds NGC_API_KEY").Expect("created an empty keychain, with a passphrase").Expect("ragenv restore FILE").WantCode(0)
	d.WantHidden("horse battery", key)
	w.T.Cleanup(w.Lock)
	if _, found := w.Stored("NGC_API_KEY"); found {
		t.Error("the new keychain is not empty")
	}
	dirs := setAside(t, w)
	if len(dirs) != 1 {
		t.Fatalf("set aside: %q", dirs)
	}

	// The passphrase is found again.
	d = w.Start(ragenv, "restore", dirs[0])
	d.Expect("Passphrase of the old keychain: ").Send("wrong\r").Expect("Passphrase of the old keychain: ").Send("forgotten\r")
	d.Expect("1 item restored").WantCode(0)
	d.WantHidden("forgotten", key)
	if value, _ := w.Stored("NGC_API_KEY"); value != key {
		t.Error("the key did not come back")
	}
}

func TestRestoreOverAForgottenPassphrase(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	former := w.Protect("forgotten")
	key := scripttest.NewKey()
	var file bytes.Buffer
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
	if err := backup.Write(&file, []keychain.Item{{Ref: ref, Secret: keychain.NewSecret(key)}}, []byte("staple"), time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(w.Dir, "keys.age"), file.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "restore", "keys.age")
	d.Expect("Passphrase of the backup: ").Send("staple\r")
	for range 3 {
		d.Expect("Passphrase of your keychain: ").Send("guess\r")
	}
	d.Expect("error: this keychain: wrong passphrase").Expect("ragenv restore --reset keys.age").WantCode(1)

	d = w.Start(ragenv, "restore", "--reset", "keys.age")
	d.Expect("Passphrase of the backup: ").Send("staple\r").Expect("[y/N] ").SendNow("y\r")
	d.Expect("New passphrase (Enter for none): ").Send("horse battery\r").Expect("Confirm passphrase: ").Send("horse battery\r")
	d.Expect("1 item restored").WantCode(0)
	w.T.Cleanup(w.Lock)
	if value, _ := w.Stored("NGC_API_KEY"); value != key {
		t.Error("the backup's key is not stored")
	}
	if dirs := setAside(t, w); len(dirs) != 1 {
		t.Errorf("set aside: %q", dirs)
	}
	d.WantHidden(key, former, "horse battery", "staple")
}
