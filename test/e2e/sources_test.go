package e2e

import (
	"os"
	"testing"
)

// testSources gives Docker and Compose keys from other programs, of which ragenv keeps no copy.
func testSources(t *testing.T) {
	step(t, "pass", func(t *testing.T) {
		h, key, cyborgKey := vaultHome(t)
		h = h.withPass("")
		h.run(key, "pass", "insert", "--multiline", "ngc").ok()
		h.run(cyborgKey, "pass", "insert", "--multiline", "cyborgdb").ok()
		h.ragenv("source", "set", "NGC_API_KEY", "--", "pass", "show", "ngc").ok().says("NGC_API_KEY now comes from ")
		h.ragenv("source", "set", "CYBORGDB_API_KEY", "--", "pass", "show", "cyborgdb").ok()
		h.usesKeysOfCommands(key, cyborgKey)
		h.run("", "pass", "rm", "--force", "ngc").ok()
		h.docker("pull", nimImage).fails(1).says("pass failed (exit status 1): Error: ngc is not in the password store") // there is no other key
	})
	step(t, "sops, with age", func(t *testing.T) {
		h, key, cyborgKey := vaultHome(t)
		sops := os.Getenv("E2E_SOPS")
		if sops == "" {
			skip(t, "sops is not built: test/worlds/clients sops")
		}
		h.need("age-keygen")
		h.link(sops, "bin", "sops")
		h.run("", "bash", "-c", "umask 077; age-keygen --output age.txt").ok()
		h = h.with("SOPS_AGE_KEY_FILE=" + h.path("age.txt"))
		plain := h.write("keys.json", `{"ngc": "`+key+`", "cyborgdb": "`+cyborgKey+`"}`)
		h.run("", "bash", "-c", `sops encrypt --age "$(age-keygen -y age.txt)" keys.json > sealed.json`).ok()
		if err := os.Remove(plain); err != nil {
			t.Fatal(err)
		}
		for name, field := range map[string]string{"NGC_API_KEY": "ngc", "CYBORGDB_API_KEY": "cyborgdb"} {
			h.ragenv("source", "set", name, "--env", "SOPS_AGE_KEY_FILE", "--", "sops", "decrypt", "--extract", `["`+field+`"]`, h.path("sealed.json")).ok()
		}
		h.usesKeysOfCommands(key, cyborgKey)
	})
}

// vaultHome returns a home with Docker configured, the test's Compose file, and an empty keychain.
func vaultHome(t *testing.T) (h *home, key, cyborgKey string) {
	h = newHome(t)
	h.copyFile("testdata/compose.yaml", "compose.yaml")
	key, cyborgKey = h.acceptedKey(), h.secret(newCyborgKey())
	h.newStoreIn("file")
	h.ragenv("docker", "configure").ok()
	return h, key, cyborgKey
}

// usesKeysOfCommands pulls, starts the services and searches for copies of the keys.
func (h *home) usesKeysOfCommands(key, cyborgKey string) {
	h.t.Helper()
	h.ragenv("list").ok().says("from a command")
	forgetRequests(h.t)
	h.pulls(nimImage)
	wantKeyUsed(h.t)
	h.composeUp().ok()
	h.wantKeys(key, cyborgKey)
}
