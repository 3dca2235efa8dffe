// Package e2e tests the programs with a real Docker engine: stored keys log docker pull in to nvcr.io and
// reach the containers that Compose starts. scripts/e2e runs it; elsewhere it skips.
package e2e

import (
	"encoding/json"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

func TestEndToEnd(t *testing.T) {
	needWorld(t)
	step(t, "1 docker login, then pull", testLogin)
	step(t, "2 ragenv set, then pull without a login", testSet)
	step(t, "3 what a person sees when it fails", testFailures)
	step(t, "4 a second, ordinary registry", testSecondRegistry)
	step(t, "5 Compose with injected keys", testCompose)
	step(t, "6 every keychain", testBackends)
	step(t, "7 a rotation to the last holder of the old key", testWhere)
	step(t, "8 where, in time", testWhereInTime)
	step(t, "8 where, over ssh and in a swarm", testWhereElsewhere)
	step(t, "8 a login that cannot be decoded", testUndecodableLogin)
	step(t, "9 every command of the documents", testDocuments)
	step(t, "10 keys from a command", testSources)
}

// newStore creates a store without a passphrase.
func (h *home) newStore() {
	h.t.Helper()
	h.ragenv("setup", "--yes", "--no-passphrase").ok()
}

// newLockableStore creates a store with a passphrase, locks it and returns the path of the passphrase file.
// When the test ends the store is locked again, since the unlocked identity is in the kernel.
func (h *home) newLockableStore() (passphraseFile string) {
	h.t.Helper()
	passphraseFile = h.write("passphrase", h.secret("correct horse "+newKey()[6:26])+"\n")
	h.with("RAGENV_PASSPHRASE_FILE="+passphraseFile).ragenv("setup", "--yes").ok()
	h.t.Cleanup(func() { h.ragenv("lock").ok() })
	h.ragenv("lock").ok()
	return passphraseFile
}

// login logs in to nvcr.io with the key on standard input.
func (h *home) login(key string) result {
	h.t.Helper()
	return h.run(key, "docker", "login", "--username", "$oauthtoken", "--password-stdin", "nvcr.io")
}

// acceptedKey creates a key, makes nvcr.io accept it and registers it as a secret.
func (h *home) acceptedKey() string {
	h.t.Helper()
	key := h.secret(newKey())
	acceptKey(h.t, key)
	return key
}

// pulls checks that an image can be pulled, and removes the image.
func (h *home) pulls(image string) {
	h.t.Helper()
	h.docker("pull", image).ok().says("Status: Downloaded newer image for " + image)
	h.docker("rmi", "-f", image).ok()
}

// listed returns the items of "ragenv list --json", sorted: "NAME" for variables, "user@server" for
// registries.
func (h *home) listed() []string {
	h.t.Helper()
	var items []struct{ Name, Kind, Server, Username string }
	if err := json.Unmarshal([]byte(h.ragenv("list", "--json").ok().stdout), &items); err != nil {
		h.t.Fatalf("ragenv list --json: %v", err)
	}
	names := []string{}
	for _, item := range items {
		if item.Kind == "registry" {
			item.Name = item.Username + "@" + item.Server
		}
		names = append(names, item.Name)
	}
	slices.Sort(names)
	return names
}

func (h *home) wantListed(want ...string) {
	h.t.Helper()
	if got := h.listed(); !slices.Equal(got, want) {
		h.t.Errorf("ragenv list --json names %q, want %q", got, want)
	}
}

func testLogin(t *testing.T) {
	for _, configure := range [][]string{{"docker", "configure", "--store"}, {"docker", "configure"}} {
		name := "credHelpers"
		if slices.Contains(configure, "--store") {
			name = "credsStore"
		}
		step(t, name, func(t *testing.T) {
			h := newHome(t)
			key := h.acceptedKey()
			h.newStore()
			h.ragenv(configure...).ok()
			if c := h.config(); (c.CredsStore == "ngc") != (name == "credsStore") || (c.CredHelpers["nvcr.io"] == "ngc") != (name == "credHelpers") {
				t.Errorf("config.json after ragenv %s: %+v", strings.Join(configure, " "), c)
			}
			h.helperCalls()

			h.login(key).ok().says("Login Succeeded").silentOn("unencrypted")
			calls := h.helperCalls()
			if len(calls) != 1 || calls[0].String() != "store nvcr.io" || calls[0].User != "$oauthtoken" {
				t.Fatalf("the helper was called %q, want one store of nvcr.io", calls)
			}
			// Check that command lines were recorded, otherwise finding no secret in them proves nothing.
			seen := strings.Join(calls[0].CommandLines, "\n")
			if !strings.Contains(seen, "docker login --username") || !strings.Contains(seen, helperName+" store") {
				t.Errorf("the processes of the login were not seen")
			}
			wantKeyUsed(t)
			if _, ok := h.config().Auths["nvcr.io"]; !ok {
				t.Error("config.json does not mention nvcr.io after the login")
			}

			forgetRequests(t)
			h.pulls(nimImage)
			h.wantCalls("get nvcr.io")
			wantKeyUsed(t)

			h.wantListed("NGC_API_KEY")
			h.reveal("", "ragenv", "get", "NGC_API_KEY").ok().is(key)

			// Docker finds the stored key, and stores it again.
			h.docker("login", "nvcr.io").ok().says("Login Succeeded")
			h.reveal("", "ragenv", "get", "NGC_API_KEY").ok().is(key)
			h.config()
		})
	}
}

func testSet(t *testing.T) {
	step(t, "set, configure, pull", func(t *testing.T) {
		h := newHome(t)
		key := h.acceptedKey()
		h.newStore()
		h.run(key+"\n", "ragenv", "set", "NGC_API_KEY").ok()
		h.ragenv("docker", "configure").ok()
		h.helperCalls()
		h.pulls(nimImage)
		h.wantCalls("get nvcr.io")
		wantKeyUsed(t)
		if c := h.config(); len(c.Auths) != 0 || c.CredHelpers["nvcr.io"] != "ngc" {
			t.Errorf("config.json: %+v", c)
		}
	})
	step(t, "setup --docker does both", func(t *testing.T) {
		h := newHome(t)
		key := h.acceptedKey()
		h.ragenv("setup", "--yes", "--no-passphrase", "--docker").ok()
		h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
		h.pulls(nimImage)
		wantKeyUsed(t)
		h.config()
	})
	step(t, "unconfigure puts back what was there", func(t *testing.T) {
		h := newHome(t)
		before := "{\n\t\"HttpHeaders\": {\"X-Meta\": \"e2e\"},\n\t\"auths\": {\"unrelated.example.com\": {}}\n}\n"
		h.writeConfig(before)
		h.newStore()
		h.ragenv("docker", "configure").ok()
		h.ragenv("docker", "unconfigure").ok()
		if after, err := os.ReadFile(h.path(".docker", "config.json")); err != nil || string(after) != before {
			t.Errorf("config.json is not what it was: %v\n%s", err, after)
		}
	})
	step(t, "no store, but $NGC_API_KEY", func(t *testing.T) {
		h := newHome(t)
		key := h.acceptedKey()
		h.writeConfig(`{"credHelpers": {"nvcr.io": "ngc"}}`)
		h.with("NGC_API_KEY=" + key).pulls(nimImage)
		wantKeyUsed(t)
	})
}

func testFailures(t *testing.T) {
	refused := engineRefuses()
	step(t, "wrong key at login", func(t *testing.T) {
		h := newHome(t)
		h.acceptedKey()
		h.newStore()
		h.ragenv("docker", "configure").ok()
		h.helperCalls()
		h.login(h.secret(newKey())).fails(1).says(refused.login)
		h.wantCalls() // nothing is stored, so nothing may be asked
		h.wantListed()
	})
	step(t, "wrong key at pull", func(t *testing.T) {
		h := newHome(t)
		h.acceptedKey()
		h.newStore()
		h.ragenv("docker", "configure").ok()
		h.run(h.secret(newKey()), "ragenv", "set", "NGC_API_KEY").ok()
		h.docker("pull", nimImage).fails(1).says(refused.wrongKey...).quoted(refused.wrongKeyQuoted)
		h.docker("run", "--rm", nimImage, "env").fails(125).says(refused.wrongKey...).quoted(refused.wrongKeyQuoted)
	})
	step(t, "login before there is a store", func(t *testing.T) {
		h := newHome(t)
		key := h.acceptedKey()
		h.writeConfig(`{"credHelpers": {"nvcr.io": "ngc"}}`)
		h.login(key).fails(1).says("error storing credentials", "ragenv setup")
		h.config()
	})
	step(t, "no key", func(t *testing.T) {
		h := newHome(t)
		h.newStore()
		h.ragenv("docker", "configure").ok()
		h.docker("pull", nimImage).fails(1).says("error: no key is stored as NGC_API_KEY\n", "hint: ragenv set NGC_API_KEY\n").
			says(refused.noKey...).quoted(refused.noKeyQuoted)
		wantAnonymous(t)
		h.ragenv("get", "NGC_API_KEY").fails(1).says("ragenv: error: ", "NGC_API_KEY", "ragenv: hint: ")
		h.ragenv("--", "docker", "ps").fails(125).says("ragenv: error: ", "ragenv: hint: ")
	})
	step(t, "locked store", func(t *testing.T) {
		h := newHome(t)
		key := h.acceptedKey()
		passphrase := h.newLockableStore()
		h.run(key, "ragenv", "set", "NGC_API_KEY").ok() // storing needs no passphrase
		h.ragenv("docker", "configure", "--store").ok()

		h.docker("pull", nimImage).fails(1).says("the keychain is locked", "hint: ragenv unlock\n").
			says(refused.noKey...).quoted(refused.noKeyQuoted)
		h.ragenv("get", "NGC_API_KEY").fails(1).says("in a terminal: ragenv unlock")
		h.ragenv("--", "docker", "ps").fails(125).says("in a terminal: ragenv unlock")
		h.docker("run", "--rm", nimImage, "env").fails(125).says("hint: ragenv unlock\n").says(refused.noKey...)
		wantAnonymous(t)

		h.docker("pull", publicImage).ok()
		h.docker("run", "--rm", hubImage, "env").ok().says("PATH=") // the helper answers for Docker Hub, too

		h.with("RAGENV_PASSPHRASE_FILE=" + passphrase).ragenv("unlock").ok()
		forgetRequests(t)
		h.pulls(nimImage)
		wantKeyUsed(t)
		h.ragenv("lock").ok()
		h.docker("pull", nimImage).fails(1).says("hint: ragenv unlock\n").says(refused.noKey...)
	})
	step(t, "Docker not configured", func(t *testing.T) {
		h := newHome(t)
		key := h.acceptedKey()
		h.newStore()
		h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
		// With an empty config.json Docker looks for other helpers on PATH.
		h.writeConfig(`{"auths": {"unrelated.example.com": {}}}`)
		h.docker("pull", nimImage).fails(1).says(refused.noKey...)
		h.wantCalls()
		h.ragenv("docker", "status").says("ragenv docker configure")
	})
	step(t, "helper not on PATH", func(t *testing.T) {
		h := newHome(t)
		h.writeConfig(`{"credHelpers": {"nvcr.io": "ngc"}}`)
		if err := os.Remove(h.path("bin", helperName)); err != nil {
			t.Fatal(err)
		}
		if _, err := h.lookPath(helperName); err == nil {
			skip(t, helperName+" is installed on this machine")
		}
		const absent = `exec: "docker-credential-ngc": executable file not found in $PATH`
		pull := h.docker("pull", nimImage).fails(1)
		if cliMajor() >= 29 {
			pull.says(absent).quoted("executable file not found in $PATH")
		} else {
			pull.says(refused.noKey...)
		}
		run := h.docker("run", "--rm", nimImage, "env")
		if cliMajor() == 20 {
			run.fails(125).says(refused.noKey...)
		} else {
			run.fails(127).says(absent).quoted("executable file not found in $PATH")
		}
	})
}

func testSecondRegistry(t *testing.T) {
	login := func(h *home, password string) result {
		return h.run(password, "docker", "login", "--username", registry.SecondUser, "--password-stdin", registry.Second)
	}
	denied := `"https://registry.example.com:5000/v2/team/app/manifests/1.0": no basic auth credentials`
	if fromContainerd() {
		denied = `"registry.example.com:5000/team/app:1.0": pull access denied, repository does not exist or may require authorization: ` +
			`authorization failed: no basic auth credentials`
	}

	step(t, "login, pull, logout of both", func(t *testing.T) {
		h := newHome(t)
		key, password := h.acceptedKey(), h.secret(secondPassword(t))
		h.newStore()
		h.ragenv("docker", "configure", "--store").ok()
		h.docker("pull", secondImage).fails(1).says(denied).quoted("no basic auth credentials")

		login(h, h.secret(newKey())).fails(1).says("401 Unauthorized")
		login(h, password).ok().says("Login Succeeded").silentOn("unencrypted")
		h.login(key).ok().says("Login Succeeded")
		h.wantListed("NGC_API_KEY", "alice@registry.example.com:5000")
		h.config()

		h.helperCalls()
		h.pulls(secondImage)
		h.wantCalls("get registry.example.com:5000")
		h.pulls(nimImage)
		h.wantCalls("get nvcr.io")
		h.docker("pull", hubImage).ok()
		h.wantCalls("get https://index.docker.io/v1/")

		h.docker("logout", "registry.example.com:5000").ok().says("Removing login credentials for registry.example.com:5000")
		h.wantListed("NGC_API_KEY")
		h.docker("pull", secondImage).fails(1).says(denied)
		h.pulls(nimImage)
		h.docker("logout", "nvcr.io").ok()
		h.wantListed()
		h.docker("pull", nimImage).fails(1).says(engineRefuses().noKey...)
		if c := h.config(); len(c.Auths) != 0 {
			t.Errorf("config.json after both logouts: %+v", c)
		}
	})
	step(t, "push", func(t *testing.T) {
		h := newHome(t)
		h.newStore()
		h.ragenv("docker", "configure", "--store").ok()
		login(h, h.secret(secondPassword(t))).ok()
		h.docker("pull", publicImage).ok()
		h.docker("tag", publicImage, "registry.example.com:5000/team/pushed:1").ok()
		h.docker("push", "registry.example.com:5000/team/pushed:1").ok()
		h.docker("rmi", "-f", "registry.example.com:5000/team/pushed:1").ok()
		h.pulls("registry.example.com:5000/team/pushed:1")
	})
	step(t, "logins in config.json move into the keychain", func(t *testing.T) {
		h := newHome(t)
		key, password := h.acceptedKey(), h.secret(secondPassword(t))
		plain, err := json.Marshal(map[string]any{"auths": map[string]any{
			"nvcr.io":                   map[string][]byte{"auth": []byte("$oauthtoken:" + key)},
			"registry.example.com:5000": map[string][]byte{"auth": []byte("alice:" + password)},
		}})
		if err != nil {
			t.Fatal(err)
		}
		h.writeConfig(string(plain))
		h.pulls(secondImage)
		h.newStore()
		h.ragenv("docker", "configure", "--store").ok()
		h.config()
		h.wantListed("NGC_API_KEY", "alice@registry.example.com:5000")
		h.pulls(secondImage)
		h.pulls(nimImage)
		h.reveal("", "ragenv", "get", "NGC_API_KEY").ok().is(key)
	})
}
