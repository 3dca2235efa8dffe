package doctor

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/expiry"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestKeychain(t *testing.T) {
	store := func(elem ...string) func(*home) string {
		return func(h *home) string { return filepath.Join(append([]string{h.Paths.Store}, elem...)...) }
	}
	item := func(h *home) string { return h.itemFile("NGC_API_KEY") }
	for name, c := range map[string]struct {
		path   func(*home) string
		mode   os.FileMode
		detail string
		hint   string
	}{
		"store":    {store(), 0o755, "is open to other users (mode 0755)", "chmod 700 "},
		"items":    {store("items"), 0o750, "is open to other users (mode 0750)", "chmod 700 "},
		"identity": {store("identity"), 0o644, "is open to other users (mode 0644)", "chmod 600 "},
		"item":     {item, 0o640, "is open to other users (mode 0640)", "chmod 600 "},
	} {
		t.Run("mode of "+name, func(t *testing.T) {
			h := newHome(t)
			path := c.path(h)
			h.chmod(path, c.mode)
			h.expect(h.keychain, Failed, path+" "+c.detail, c.hint+path)
		})
	}
	t.Run("open", func(t *testing.T) {
		newHome(t).expectSelf(func(h *home) { h.expect(h.keychain, OK, "without a passphrase, 2 items", "") })
	})
	t.Run("none", func(t *testing.T) {
		emptyHome(t).expectSelf(func(h *home) { h.expect(h.keychain, Warning, "no keychain yet", "ragenv setup") })
	})
	t.Run("damaged", func(t *testing.T) {
		h := newHome(t)
		h.write(filepath.Join(h.Paths.Store, "store.json"), "{")
		h.expect(h.keychain, Failed, "damaged", "ragenv restore")
		h.expect(h.keysPresent, Warning, "not checked", "ragenv restore")
		h.expect(h.keyShapes, Warning, "not checked", "ragenv restore")
	})
	t.Run("newer", func(t *testing.T) {
		h := newHome(t)
		h.write(filepath.Join(h.Paths.Store, "store.json"), `{"format": 999, "recipient": "age1"}`)
		h.expect(h.keychain, Failed, "newer version", "newer version of ragenv")
	})
	t.Run("link", func(t *testing.T) {
		h := newHome(t)
		elsewhere := h.Paths.Store + "-moved"
		if err := os.Rename(h.Paths.Store, elsewhere); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(elsewhere, h.Paths.Store); err != nil {
			t.Skip(err)
		}
		h.expect(h.keychain, Failed, "symbolic links are not followed", "what the link leads to")
	})
	t.Run("another owner", func(t *testing.T) {
		if os.Geteuid() != 0 {
			t.Skip("only root can give a file away")
		}
		h := newHome(t)
		if err := os.Chown(h.Paths.Store, 4321, -1); err != nil {
			t.Fatal(err)
		}
		h.expect(h.keychain, Failed, "belongs to user 4321", "sudo chown -R")
	})
	t.Run("foreign file", func(t *testing.T) {
		h := newHome(t)
		h.write(filepath.Join(h.Paths.Store, "items", "notes.txt"), "")
		h.expect(h.keychain, Warning, "notes.txt", "move that file away")
	})
	t.Run("unknown backend", func(t *testing.T) {
		h := newHome(t)
		h.env["RAGENV_BACKEND"] = "nonesuch"
		h.loadConfig()
		h.expect(h.keychain, Failed, `unknown backend "nonesuch"`, "ragenv backend")
	})
	t.Run("no bus", func(t *testing.T) {
		h := newHome(t)
		h.env["RAGENV_BACKEND"] = keychain.BackendKWallet
		h.loadConfig()
		t.Setenv("DBUS_SESSION_BUS_ADDRESS", "unix:path="+filepath.Join(t.TempDir(), "nobody"))
		h.expect(h.keychain, Failed, "", "ragenv backend")
	})
}

func (h *home) expectSelf(f func(*home)) { f(h) }

func lockedHome(t *testing.T) *home {
	h := emptyHome(t)
	h.createStore("correct-horse")
	h.put("NGC_API_KEY", scripttest.NewKey())
	h.put("CYBORGDB_API_KEY", "cyborg_x")
	return h
}

func TestLocked(t *testing.T) {
	h := lockedHome(t)
	h.env["NGC_API_KEY"] = scripttest.NewKey()
	h.expect(h.keychain, Warning, "is locked", "ragenv unlock")
	h.expect(h.keysPresent, OK, "NGC_API_KEY and CYBORGDB_API_KEY stored", "")
	h.expect(h.keyShapes, Warning, "the keychain is locked", "ragenv unlock")
	h.expect(h.storedItems, Warning, "the keychain is locked", "ragenv unlock")
	h.expect(h.keyExpiry, Warning, "the keychain is locked", "ragenv unlock")
	h.expect(h.environment, Warning, "NGC_API_KEY is set here; whether", "ragenv unlock")
}

// The environment's passphrase is used, and the keychain's lock state does not change.
func TestPassphraseOfTheEnvironment(t *testing.T) {
	h := lockedHome(t)
	h.env["RAGENV_PASSPHRASE"] = "correct-horse"
	h.expect(h.keychain, OK, "open, 2 items", "")
	k, err := keychain.Open(h.options())
	if err != nil {
		t.Fatal(err)
	}
	if k.Unlocked() {
		t.Error("the keychain was unlocked")
	}
}

func TestWrongPassphrase(t *testing.T) {
	h := lockedHome(t)
	h.env["RAGENV_PASSPHRASE"] = "wrong-horse"
	h.expect(h.keychain, Failed, "wrong passphrase", "ragenv unlock")
	h.expect(h.keyShapes, Warning, "not checked", "ragenv unlock")
}

func TestStoredItems(t *testing.T) {
	h := newHome(t)
	path := h.itemFile("NGC_API_KEY")
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Truncate(path, info.Size()-1); err != nil {
		t.Fatal(err)
	}
	h.expect(h.keychain, OK, "2 items", "")
	h.expect(h.storedItems, Failed, "NGC_API_KEY: damaged", "ragenv set NGC_API_KEY")
	h.expect(h.keyShapes, OK, "1 stored key", "")
}

func TestKeysPresent(t *testing.T) {
	h := emptyHome(t)
	h.createStore("")
	h.expect(h.keysPresent, Failed, "NGC_API_KEY is not stored: pulls from nvcr.io fail", "ragenv set NGC_API_KEY")
	h.Dir = t.TempDir()
	h.write(filepath.Join(h.Dir, "compose.yaml"), "environment: [CYBORGDB_API_KEY]\n")
	h.expect(h.keysPresent, Failed, "NGC_API_KEY is not stored: pulls from nvcr.io fail; CYBORGDB_API_KEY is not stored, and used here", "ragenv set NGC_API_KEY")
	h.Config.Unused = []string{"CYBORGDB_API_KEY"}
	h.expect(h.keysPresent, Failed, "NGC_API_KEY is not stored: pulls from nvcr.io fail", "ragenv set NGC_API_KEY")
	h.env["NGC_API_KEY"] = scripttest.NewKey()
	h.expect(h.keysPresent, Warning, "NGC_API_KEY is not stored, only set in this environment", "ragenv set NGC_API_KEY")

	h = newHome(t)
	h.write(h.Paths.ConfigFile, "required = [\"MY_TOKEN\"]\n")
	h.loadConfig()
	h.expect(h.keysPresent, Failed, "MY_TOKEN is not stored, and the config file requires it", "ragenv set MY_TOKEN")

	h = newHome(t)
	if err := h.Config.SetProfile("work", config.OriginFlag); err != nil {
		t.Fatal(err)
	}
	h.expect(h.keysPresent, Failed, "NGC_API_KEY is not stored in profile work", "ragenv set NGC_API_KEY")
}

func TestKeyShapes(t *testing.T) {
	h := newHome(t)
	h.put("NGC_API_KEY", h.keys["NGC_API_KEY"][:40])
	h.expect(h.keyShapes, Warning, "NGC_API_KEY: ", ", then: ragenv set NGC_API_KEY")
	key := scripttest.NewKey()
	h.put("NGC_API_KEY", "export NGC_API_KEY="+key)
	h.keys["NGC_API_KEY"] = key
	h.expect(h.keyShapes, Failed, "NGC_API_KEY: ", ", then: ragenv set NGC_API_KEY")
}

func TestKeyExpiry(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for name, c := range map[string]struct {
		expires time.Time
		status  Status
		detail  string
	}{
		"past":    {now, Failed, "NGC_API_KEY expired on 2026-11-22"},
		"near":    {now.Add(expiry.Notice - time.Second), Warning, "NGC_API_KEY expires on 2026-12-06"},
		"far":     {now.Add(expiry.Notice), OK, "1 key with a known expiry, none within 14 days"},
		"unknown": {time.Time{}, OK, "no expiry date is recorded"},
	} {
		t.Run(name, func(t *testing.T) {
			h := newHome(t)
			h.Now = func() time.Time { return now }
			h.putItem("NGC_API_KEY", scripttest.NewKey(), c.expires)
			hint := "ragenv rotate NGC_API_KEY"
			if c.status == OK {
				hint = ""
			}
			h.expect(h.keyExpiry, c.status, c.detail, hint)
		})
	}
}

func TestFileOwners(t *testing.T) {
	h := newHome(t)
	h.expect(h.fileOwners, OK, "all of user", "")
	if os.Geteuid() != 0 {
		t.Skip("only root can give a file away")
	}
	if err := os.Chown(h.dockerConfigPath(), 4321, -1); err != nil {
		t.Fatal(err)
	}
	h.expect(h.fileOwners, Failed, "config.json belongs to user 4321", "sudo chown -R")
	h.env["SUDO_USER"], h.env["SUDO_UID"] = "somebody", "4321"
	h.expect(h.fileOwners, Warning, "sudo kept HOME, so root looks into the files of somebody", "without sudo")
}

func TestTemporaryFiles(t *testing.T) {
	h := newHome(t)
	young := h.file(".docker/.config.json.tmp-1", "")
	h.expect(h.temporaryFiles, OK, "none", "")
	for _, path := range []string{
		young, h.file(".docker/config.json123456", ""), filepath.Join(filepath.Dir(h.Paths.ConfigFile), ".config.toml.tmp-2"), filepath.Join(h.Paths.Store, ".tmp"),
	} {
		h.write(path, "")
		old := time.Now().Add(-2 * time.Hour)
		if err := os.Chtimes(path, old, old); err != nil {
			t.Fatal(err)
		}
		h.expect(h.temporaryFiles, Warning, filepath.Base(path)+" was left behind", "rm -- "+shellquote.Word(path))
		if err := os.Remove(path); err != nil {
			t.Fatal(err)
		}
	}
}
