package credentialhelper

import (
	"encoding/json"
	"fmt"
	"testing"
)

// TestAnotherSpelling has the aliases and the strict matching of upstream's helpers for macOS, Windows and
// pass (docker-credential-helpers v0.9.12: osxkeychain_test.go, wincred_test.go, pass_test.go). This helper
// differs deliberately. Upstream treats a missing port or path as a wildcard, so a login to one port of a
// machine is given to a different program behind port 443. It also distinguishes http from https, although
// "docker logout" erases both spellings to end one login and clients ask for either.
func TestAnotherSpelling(t *testing.T) {
	for _, tc := range []struct {
		doc         string
		store, read string
		found       bool
		upstream    bool
	}{
		{"stored with port, retrieved without (osxkeychain)", "https://foobar.example.com:2376", "https://foobar.example.com", false, true},
		{"stored as https, retrieved without scheme, without port (osxkeychain)", "https://foobar.example.com:2376", "foobar.example.com", false, true},
		{"stored as https, retrieved without scheme (wincred)", "https://foobar.docker.io", "foobar.docker.io", true, true},
		{"stored with path, retrieved without", "https://foobar.example.com:1234/one/two", "https://foobar.example.com:1234", false, true},
		{"stored as https, retrieved using http", "https://foobar.example.com:2376", "http://foobar.example.com:2376", true, false},
		{"stored as http, retrieved using https", "http://foobar.example.com:2376", "https://foobar.example.com:2376", true, false},
		{"stored as http, retrieved without scheme at another port", "http://foobar.example.com", "foobar.example.com:5678", false, false},
		{"non-matching ports", "https://foobar.example.com:1234", "https://foobar.example.com:5678", false, false},
		{"non-matching ports (stored without port)", "https://foobar.example.com", "https://foobar.example.com:5678", false, true},
		{"non-matching paths", "https://foobar.example.com:1234/one/two", "https://foobar.example.com:1234/five/six", false, false},

		{"API version is no path of its own", "https://foobar.example.com:2376/v1", "foobar.example.com:2376", true, true},
		{"Docker Hub as Docker and as podman say it", "https://index.docker.io/v1/", "docker.io", true, false},
		{"Docker Hub as go-containerregistry says it", "https://index.docker.io/v1/", "index.docker.io", true, false},
		{"Docker Hub's other secrets", "https://index.docker.io/v1/access-token", "https://index.docker.io/v1/", false, false},
		{"case of the host", "https://Registry.Example.COM", "registry.example.com", true, false},
		{"port 443 as nerdctl says it", "registry.example.com", "https://registry.example.com:443", true, false},
		{"a longer name", "example.com", "example.com.evil.net", false, false},
		{"a subdomain", "example.com", "registry.example.com", false, false},
		{"IPv6", "[2001:db8::1]:5000", "http://[2001:DB8:0::1]:5000/v2/", true, false},
	} {
		t.Run(tc.doc, func(t *testing.T) {
			w := newWorld(t)
			w.store(tc.store, "hello", "world")
			c, found := w.get(tc.read)
			if found != tc.found {
				t.Fatalf("stored as %q, get %q: found is %v, want %v (upstream: %v)", tc.store, tc.read, found, tc.found, tc.upstream)
			}
			if found && (c.ServerURL != tc.read || c.Username != "hello" || c.Secret != "world") {
				t.Errorf("get %q = %q, %q", tc.read, c.ServerURL, c.Username)
			}
			w.erase(tc.store)
			if _, found := w.get(tc.read); found {
				t.Errorf("%q is still answered", tc.read)
			}
		})
	}
}

// TestStoreRetrieve is upstream's test of that name: a credential can be read back under the same spelling,
// whatever is stored after it. Here, spellings of the same place share one credential.
func TestStoreRetrieve(t *testing.T) {
	w := newWorld(t)
	urls := []string{
		"foobar.example.com",
		"foobar.example.com:2376",
		"//foobar.example.com:2376",
		"https://foobar.example.com:2376",
		"http://foobar.example.com:2376",
		"https://foobar.example.com:2376/some/path",
		"https://foobar.example.com:2376/some/other/path",
		"https://foobar.example.com:2376/some/other/path?foo=bar",
	}
	for i, url := range urls {
		user, secret := fmt.Sprintf("user-%d", i), fmt.Sprintf("secret-%d", i)
		w.store(url, user, secret)
		c, found := w.get(url)
		if !found || c.Username != user || c.Secret != secret || c.ServerURL != url {
			t.Errorf("get %q = %+v, %v", url, c, found)
		}
	}
	want := map[string]string{
		"foobar.example.com":                      "user-0",
		"foobar.example.com:2376":                 "user-4",
		"foobar.example.com:2376/some/path":       "user-5",
		"foobar.example.com:2376/some/other/path": "user-7",
	}
	if got := w.list(); fmt.Sprint(got) != fmt.Sprint(want) {
		t.Errorf("list = %v, want %v", got, want)
	}
}

// TestMissing is upstream's TestMissingCredentials and TestMissingCred, except that erasing succeeds, as
// podman and "docker logout" need.
func TestMissing(t *testing.T) {
	w := newWorld(t)
	for _, server := range []string{"https://adsfasdf.invalid/asdfsdddd", "garbage"} {
		if _, found := w.get(server); found {
			t.Errorf("get %q answers", server)
		}
		w.erase(server)
		if w.stderr.Len() > 0 {
			t.Errorf("erase %q says %q", server, w.stderr.String())
		}
	}
}

// TestLookalikes stores the key and asks for servers that only resemble nvcr.io.
func TestLookalikes(t *testing.T) {
	w := newWorld(t)
	w.store("nvcr.io", "$oauthtoken", "the-key")
	for _, server := range []string{
		"nvcr.io.evil.com", "evilnvcr.io", "evil-nvcr.io", "x.nvcr.io", "nvcr.io:8443", "nvcr.iο", "ｎvcr.io", "nvcr。io", "xn--nvcr-io", "nvcr-io",
		"https://nvcr.io@evil.com", "https://nvcr.io:x@evil.com/", "https://evil.com@nvcr.io", "https://evil.com/nvcr.io", "evil.com#nvcr.io",
		"evil.com?nvcr.io", "https://evil.com\\@nvcr.io", "nvcr.io\\.evil.com", "nvcr%2eio", "%6evcr.io", "nvcr.io%00", "nvcr.io%0a.evil.com",
		"nv\ncr.io", "nvcr.io\nghcr.io", "ghcr.io\nnvcr.io", "nvcr\r.io", "nv\x00cr.io", "nvcr.io\x00.evil.com", "nvcr .io", "nv\tcr.io", "nvcr.io\u200b",
		"..nvcr.io", ".nvcr.io", "nvcr..io", "nvcr.io..", "ftp://nvcr.io", "unix://nvcr.io", "https:nvcr.io", "https:/nvcr.io", "[nvcr.io]", "nvcr.io:",
		"nvcr.io:80", "http://nvcr.io", "http://nvcr.io:443", "http://nvcr.io/v2/", // without TLS
		"nvcr.io:0443", "nvcr.io:0", "nvcr.io:99999", "'nvcr.io'", "\"nvcr.io\"", "{\"ServerURL\":\"nvcr.io\"}",
	} {
		if c, found := w.get(server); found {
			t.Errorf("get %q answers user %q", server, c.Username)
		}
	}
	for _, server := range []string{
		"nvcr.io", "NVCR.IO", "nvcr.io.", "nvcr.io/", "nvcr.io:443", "//nvcr.io", "https://nvcr.io", "HTTPS://nvcr.io/v2/",
		"https://nvcr.io:443", "nvcr.io/nim/nvidia/nemotron", "nvcr.io/nvidia/cuda:12", "https://nvcr.io/v2/?a=b#c", "nvcr.io\r\n", " nvcr.io\n\n", "\tnvcr.io",
	} {
		if c, found := w.get(server); !found || c.Username != "$oauthtoken" || c.Secret != "the-key" {
			t.Errorf("get %q: found is %v, user %q", server, found, c.Username)
		}
	}
}

// TestPathBelowNGC checks that a login for a path neither replaces nor removes the whole registry's key.
func TestPathBelowNGC(t *testing.T) {
	w := newWorld(t)
	w.store("nvcr.io", "$oauthtoken", "the-key")
	for _, server := range []string{"nvcr.io/org1", "https://nvcr.io/org1/team", "http://nvcr.io", "nvcr.io:80"} {
		w.erase(server)
		if c, found := w.get("nvcr.io"); !found || c.Secret != "the-key" {
			t.Fatalf("after erase %q the key is gone", server)
		}
		input, err := json.Marshal(map[string]string{"ServerURL": server, "Username": "$oauthtoken", "Secret": "another"})
		if err != nil {
			t.Fatal(err)
		}
		if out, code := w.run("store", string(input)); code == 0 {
			t.Errorf("store for %q: %s", server, out)
		}
		if c, found := w.get("nvcr.io"); !found || c.Secret != "the-key" {
			t.Fatalf("after store %q the key is another", server)
		}
	}
}
