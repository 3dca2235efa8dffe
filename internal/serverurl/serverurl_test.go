package serverurl_test

import (
	"errors"
	"net/netip"
	"net/url"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/serverurl"
)

func TestCanonical(t *testing.T) {
	for server, want := range map[string]string{
		// nvcr.io as clients and users spell it.
		"nvcr.io":                      "nvcr.io",
		"NVCR.IO":                      "nvcr.io",
		"nvcr.io.":                     "nvcr.io",
		"nvcr.io/":                     "nvcr.io",
		"nvcr.io//":                    "nvcr.io",
		"nvcr.io/v2/":                  "nvcr.io",
		"nvcr.io:443":                  "nvcr.io",
		"nvcr.io.:443/":                "nvcr.io",
		"https://nvcr.io":              "nvcr.io",
		"https://nvcr.io:443":          "nvcr.io",
		"HTTPS://NvCr.Io/V2/":          "nvcr.io",
		"//nvcr.io":                    "nvcr.io",
		"nvcr.io/nim/nvidia/foo":       "nvcr.io",
		"https://nvcr.io/proxy_auth":   "nvcr.io",
		"https://nvcr.io?scope=a/b":    "nvcr.io",
		"https://nvcr.io#x":            "nvcr.io",
		"nvcr.io/@evil.example":        "nvcr.io",
		"nvcr.io/nim/foo@sha256:00":    "nvcr.io",
		"nvcr.io/https://evil.example": "nvcr.io",

		// Not nvcr.io.
		"nvcr.io.evil.com":      "nvcr.io.evil.com",
		"evilnvcr.io":           "evilnvcr.io",
		"evil.com/nvcr.io":      "evil.com/nvcr.io",
		"evil.com?nvcr.io":      "evil.com",
		"evil.com#nvcr.io":      "evil.com",
		"nvcr.io:8443":          "nvcr.io:8443",
		"nvcr.io://evil.com":    "nvcr.io://evil.com",
		"ftp://nvcr.io":         "ftp://nvcr.io",
		"stg.nvcr.io":           "stg.nvcr.io",
		"canary.nvcr.io/a":      "canary.nvcr.io/a",
		"nvcr_io":               "nvcr_io",
		"xn--nvcr-hob.io":       "xn--nvcr-hob.io",
		"helm.ngc.nvidia.com":   "helm.ngc.nvidia.com",
		"nvcr.i0":               "nvcr.i0",
		"https://nvcr.io:4430/": "nvcr.io:4430",

		// Docker Hub.
		"https://index.docker.io/v1/":      serverurl.Hub,
		"https://index.docker.io/v1":       serverurl.Hub,
		"https://index.docker.io/v2/":      serverurl.Hub,
		"https://index.docker.io":          serverurl.Hub,
		"http://index.docker.io/v1/":       serverurl.Hub,
		"index.docker.io":                  serverurl.Hub,
		"index.docker.io:443":              serverurl.Hub,
		"index.docker.io/library/ubuntu":   serverurl.Hub,
		"docker.io":                        serverurl.Hub,
		"Docker.IO.":                       serverurl.Hub,
		"docker.io/v1/":                    serverurl.Hub,
		"docker.io/library/ubuntu":         serverurl.Hub,
		"registry-1.docker.io":             serverurl.Hub,
		"https://registry-1.docker.io/v2/": serverurl.Hub,

		// Docker Desktop's and BuildKit's own entries.
		"https://index.docker.io/v1/access-token":   "https://index.docker.io/v1/access-token",
		"https://index.docker.io/v1/refresh-token":  "https://index.docker.io/v1/refresh-token",
		"https://index.docker.io/v1/access-token/":  "https://index.docker.io/v1/access-token",
		"index.docker.io/v1/refresh-token":          "https://index.docker.io/v1/refresh-token",
		"https://index.docker.io//v1//access-token": "https://index.docker.io/v1/access-token",

		// Not Docker Hub.
		"foobar.docker.io":                      "foobar.docker.io",
		"https://foobar.docker.io:2376/v1":      "foobar.docker.io:2376",
		"docker.io.evil.com":                    "docker.io.evil.com",
		"index.docker.io:5000/v1/":              "index.docker.io:5000",
		"registry-2.docker.io":                  "registry-2.docker.io",
		"dockerhub.example/index.docker.io/v1/": "dockerhub.example/index.docker.io/v1",

		// Other registries.
		"ghcr.io":                            "ghcr.io",
		"https://GHCR.io/":                   "ghcr.io",
		"quay.io/namespace":                  "quay.io/namespace",
		"quay.io/Namespace/":                 "quay.io/Namespace",
		"quay.io/v2/namespace":               "quay.io/v2/namespace",
		"localhost":                          "localhost",
		"localhost:5000":                     "localhost:5000",
		"http://localhost:5000/v2/":          "localhost:5000",
		"my_registry:5000":                   "my_registry:5000",
		"127.0.0.1:5000":                     "127.0.0.1:5000",
		"[::1]:5000":                         "[::1]:5000",
		"https://[::1]":                      "[::1]",
		"[::1]:443":                          "[::1]",
		"[0:0::1]:5000/V1":                   "[::1]:5000/V1",
		"[2001:DB8::A]:5000":                 "[2001:db8::a]:5000",
		"registry.example.com:65535":         "registry.example.com:65535",
		"123456789012.dkr.ecr.amazonaws.com": "123456789012.dkr.ecr.amazonaws.com",

		// Names that are not registries, kept unchanged.
		"unix:///run/user/1000/x.sock": "unix:///run/user/1000/x.sock",
		"OCI://host/A?b#c":             "oci://host/A?b#c",
	} {
		got, err := serverurl.Canonical(server)
		if err != nil || got != want {
			t.Errorf("Canonical(%q) = %q, %v; want %q", server, got, err, want)
		}
	}
}

func TestCanonicalInvalid(t *testing.T) {
	for _, server := range []string{
		"nv\ncr.io", "nvcr.io\n", "nvcr.io\r", "nv\x00cr.io", "nvcr.io\x7f", "\x1b[2Jnvcr.io", "nvcr.io /x", " nvcr.io", "nvcr.io\t",
		"https://nvcr.io@evil.example", "user:pass@nvcr.io", "https://user:pass@nvcr.io/v2/", "@nvcr.io", "ftp://user@nvcr.io",
		`nvcr.io\@evil.example`, `https:\\nvcr.io`, `evil.example\.nvcr.io`,
		"nvcr%2eio", "%6evcr.io", "nvcr.io%00.evil.example",
		"nvcr\u3002io", "\uff4evcr.io", "nvсr.io" /* Cyrillic */, "nvcr.io\xff", "example.com/\u00fc", "example.com/\x80",
		"nvcr.io:", "nvcr.io:0", "nvcr.io:0443", "nvcr.io:65536", "nvcr.io:443:443", "nvcr.io:https", "nvcr.io:-1", "nvcr.io:+443", "nvcr.io:44 3",
		"[::1", "[::1]5000", "[::1]:", "[::g]", "[fe80::1%25eth0]", "[127.0.0.1]", "[]", "::1", "https://::1:8080//////location/../../hello",
		"nvcr.io..", ".nvcr.io", "nvcr..io", ".", "..", "/", "//", "///nvcr.io", "/nvcr.io", "/foobar.example.com", "?", "#", ":443", "://nvcr.io",
		"https://", "https:///nvcr.io", "https:nvcr.io", "https:/nvcr.io", "https://https://nvcr.io", "unix://",
		"nvcr.io,evil.example", "nvcr.io;evil", "{nvcr.io}", `"nvcr.io"`, "nvcr.io&x", "$(nvcr.io)", "*.nvcr.io", "nvcr.io|x",
		strings.Repeat("a", 64) + ".io", strings.Repeat("a.", 127) + "io", "nvcr.io/" + strings.Repeat("a", 2048),
	} {
		got, err := serverurl.Canonical(server)
		if !errors.Is(err, serverurl.ErrInvalid) || got != "" {
			t.Errorf("Canonical(%q) = %q, %v; want ErrInvalid", server, got, err)
		}
	}
	if _, err := serverurl.Canonical(""); !errors.Is(err, serverurl.ErrEmpty) {
		t.Errorf("Canonical(\"\"): %v; want ErrEmpty", err)
	}
}

// Names of exactly the maximum length, and the first and last letters and digits.
func TestLimits(t *testing.T) {
	label := strings.Repeat("a", 63)
	host := label + "." + label + "." + label + "." + strings.Repeat("b", 61)
	for _, server := range []string{label + ".io", host, "x.io/" + strings.Repeat("a", 2043), "azAZ09-_.io", "z", "az+09-.Z://x"} {
		if _, err := serverurl.Canonical(server); err != nil {
			t.Errorf("Canonical of %d bytes: %v", len(server), err)
		}
	}
	for _, server := range []string{label + "a.io", host + "b", "x.io/" + strings.Repeat("a", 2044), "@", "[a", "`a", "{a", "a:b/"} {
		if _, err := serverurl.Canonical(server); !errors.Is(err, serverurl.ErrInvalid) {
			t.Errorf("Canonical of %d bytes: %v; want ErrInvalid", len(server), err)
		}
	}
	if got, err := serverurl.Canonical("HTTPZ://x"); err != nil || got != "httpz://x" {
		t.Errorf("%q, %v", got, err)
	}
}

// The user acts on the reason, so it must be the right one.
func TestReasons(t *testing.T) {
	for server, want := range map[string]string{
		"/nvcr.io": "it has no host", "": "no server given", "nvcr.io:0": "its port is not a number from 1 to 65535",
		"a\nb": "it holds a line break", "a b": "it holds a space", "a\x1fb": "it holds a control character", "a\x7fb": "it holds a control character",
		"a\u0080b": "not ASCII", "a%b": "percent-encoded", "a..b": "an empty part", "a:1:2": "more than one colon", "[::1": "not closed with ]",
		"unix://": "nothing follows the scheme", "/a@b": "it has no host",
	} {
		if _, err := serverurl.Canonical(server); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Canonical(%q): %v; want %q", server, err, want)
		}
	}
	whole, cut := strings.Repeat("!", 64), strings.Repeat("!", 65)
	if _, err := serverurl.Canonical(whole); err == nil || !strings.Contains(err.Error(), `"`+whole+`":`) {
		t.Errorf("%v", err)
	}
	if _, err := serverurl.Canonical(cut); err == nil || !strings.Contains(err.Error(), `"`+whole+`"...:`) {
		t.Errorf("%v", err)
	}
}

func TestErrorsAreSafeToPrint(t *testing.T) {
	for _, server := range []string{
		"https://user:hunter2@nvcr.io", "https://user:hunter2@nv cr.io", "user:hunter2@\x1b[31m", strings.Repeat("x", 5000) + "hunter2",
		"\x1b]0;title\x07\n\u202envcr.io",
	} {
		_, err := serverurl.Canonical(server)
		if err == nil {
			t.Fatalf("Canonical(%q) succeeded", server)
		}
		text := err.Error()
		if strings.Contains(text, "hunter2") || len(text) > 400 {
			t.Errorf("Canonical(%q): the error shows too much: %q", server, text)
		}
		for _, r := range text {
			if r < ' ' || r > '~' {
				t.Errorf("Canonical(%q): the error holds %q", server, r)
			}
		}
	}
}

// Pairs from docker-credential-helpers v0.9.12 (osxkeychain/osxkeychain_test.go): a credential stored under
// one URL and read under another. If this package behaves differently, differs says why.
func TestUpstreamAliases(t *testing.T) {
	for _, tc := range []struct {
		stored, read  string
		same, differs bool
		why           string
	}{
		{stored: "https://foobar.example.com:2376", read: "https://foobar.example.com", differs: true, why: "another port is another server"},
		{stored: "https://foobar.example.com:2376", read: "foobar.example.com", differs: true, why: "another port is another server"},
		{stored: "https://foobar.example.com:1234/one/two", read: "https://foobar.example.com:1234", differs: true, why: "a namespace's login is not the registry's"},
		{stored: "https://foobar.example.com:2376", read: "http://foobar.example.com:2376", same: true, differs: true, why: "docker logout erases both schemes"},
		{stored: "http://foobar.example.com:2376", read: "https://foobar.example.com:2376", same: true, differs: true, why: "docker logout erases both schemes"},
		{stored: "http://foobar.example.com", read: "foobar.example.com:5678"},
		{stored: "https://foobar.example.com:1234", read: "https://foobar.example.com:5678"},
		{stored: "https://foobar.example.com:1234/one/two", read: "https://foobar.example.com:1234/five/six"},
		{stored: "https://foobar.example.com:2376/some/other/path?foo=bar", read: "https://foobar.example.com:2376/some/other/path", same: true},
		{stored: "//foobar.example.com:2376", read: "foobar.example.com:2376", same: true},
		{stored: "https://foobar.example.com:2376/v1", read: "https://foobar.example.com:2376/v2", same: true, differs: true, why: "both are the API of one registry"},
	} {
		a, err := serverurl.Canonical(tc.stored)
		if err != nil {
			t.Fatal(err)
		}
		b, err := serverurl.Canonical(tc.read)
		if err != nil {
			t.Fatal(err)
		}
		if (a == b) != tc.same {
			t.Errorf("%q is %q and %q is %q; same: want %v (%s)", tc.stored, a, tc.read, b, tc.same, tc.why)
		}
		if tc.differs && tc.why == "" {
			t.Errorf("%q, %q: no reason given", tc.stored, tc.read)
		}
	}
}

// TestClearText checks that no name leads to sending the key without TLS.
func TestClearText(t *testing.T) {
	for _, server := range []string{"http://nvcr.io", "HTTP://NVCR.io./v2/", "nvcr.io:80", "//nvcr.io:80", "https://nvcr.io:80", "http://nvcr.io:80/nim", "http://nvcr.io:443"} {
		if got, err := serverurl.Canonical(server); !errors.Is(err, serverurl.ErrClearText) {
			t.Errorf("Canonical(%q) = %q, %v", server, got, err)
		}
	}
	for _, server := range []string{"https://nvcr.io:443", "nvcr.io", "http://example.com", "example.com:80", "http://nvcr.io:5000"} {
		if _, err := serverurl.Canonical(server); err != nil {
			t.Errorf("Canonical(%q): %v", server, err)
		}
	}
}

func TestBelowNGC(t *testing.T) {
	for server, want := range map[string]bool{
		"nvcr.io": false, "https://nvcr.io/v2/": false, "nvcr.io//": false, "nvcr.io/?x": false, "ghcr.io/org1": false, "http://nvcr.io/org1": false,
		"nvcr.io/org1": true, "https://nvcr.io:443/org1/": true, "nvcr.io/v2/org1": true, "nvcr.io/nim/nvidia/x:1": true,
	} {
		if got := serverurl.BelowNGC(server); got != want {
			t.Errorf("BelowNGC(%q) = %v", server, got)
		}
	}
}

// FuzzCanonical checks what the helper's safety depends on: one canonical spelling, and no other host that
// becomes nvcr.io or Docker Hub, according to net/url.
func FuzzCanonical(f *testing.F) {
	for _, seed := range []string{
		"nvcr.io", "https://NVCR.io.:443/v2/", "nvcr.io@evil", "evilnvcr.io", "x.nvcr.io", "nvcr.io.evil.com", "https://nvcr.io:x@evil", "docker.io/v1/access-token", "[::1]:5000/v1/v1", "a//v1//", "a/v2/?x", "unix:///x",
		"//docker.io", "nvcr.io://x", "http://http://nvcr.io", "quay.io/a/../b", "nvcr.io..", "[::ffff:1.2.3.4]:80",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, server string) {
		got, err := serverurl.Canonical(server)
		if err != nil {
			isNGC := errors.Is(err, serverurl.ErrClearText) && strings.Contains(strings.ToLower(server), "nvcr.io")
			if got != "" || !errors.Is(err, serverurl.ErrInvalid) && !errors.Is(err, serverurl.ErrEmpty) && !isNGC {
				t.Fatalf("Canonical(%q) = %q, %v", server, got, err)
			}
			return
		}
		if again, err := serverurl.Canonical(got); err != nil || again != got {
			t.Fatalf("Canonical(%q) = %q, whose canonical form is %q, %v", server, got, again, err)
		}
		for _, r := range got {
			if r <= ' ' || r > '~' {
				t.Fatalf("Canonical(%q) = %q holds %q", server, got, r)
			}
		}

		text := server
		if !strings.Contains(text, "://") || strings.ContainsAny(text[:strings.Index(text, "://")], "/?#:") {
			if !strings.HasPrefix(text, "//") {
				text = "//" + text
			}
		}
		u, err := url.Parse(text)
		if err != nil { // such as an invalid escape in a path: only the authority matters here
			if got == serverurl.NGC || strings.HasPrefix(got, "https://index.docker.io/") {
				if u, err = url.Parse(text[:authorityEnd(text)]); err != nil {
					t.Fatalf("Canonical(%q) = %q, but net/url says %v", server, got, err)
				}
			} else {
				return
			}
		}
		host := strings.ToLower(strings.TrimSuffix(u.Hostname(), "."))
		scheme := u.Scheme == "" || u.Scheme == "http" || u.Scheme == "https"
		port := u.Port() == "" || u.Port() == "443" || u.Port() == "80"
		isNGC := scheme && port && host == "nvcr.io" && u.Scheme != "http" && u.Port() != "80"
		isHub := scheme && port && (host == "docker.io" || host == "index.docker.io" || host == "registry-1.docker.io")
		if (got == serverurl.NGC) != isNGC {
			t.Fatalf("Canonical(%q) = %q, but net/url says %q", server, got, u.Host)
		}
		if strings.HasPrefix(got, "https://index.docker.io/") != isHub {
			t.Fatalf("Canonical(%q) = %q, but net/url says %q", server, got, u.Host)
		}
		if !scheme || isHub {
			return
		}
		gotHost, err := url.Parse("//" + got[:authorityEnd("//"+got)-2])
		if err != nil {
			t.Fatalf("Canonical(%q) = %q: %v", server, got, err)
		}
		a, errA := netip.ParseAddr(gotHost.Hostname())
		b, errB := netip.ParseAddr(host)
		if gotHost.Hostname() != host && (errA != nil || errB != nil || a != b) {
			t.Fatalf("Canonical(%q) = %q, but net/url says host %q", server, got, host)
		}
	})
}

// authorityEnd returns the index after the authority of scheme://authority/...
func authorityEnd(text string) int {
	start := strings.Index(text, "//") + 2
	if i := strings.IndexAny(text[start:], "/?#"); i >= 0 {
		return start + i
	}
	return len(text)
}

func BenchmarkCanonical(b *testing.B) {
	for _, server := range []string{"nvcr.io", "https://index.docker.io/v1/", "https://NVCR.io:443/v2/", "quay.io/namespace", "[2001:DB8::A]:5000"} {
		b.Run(strings.ReplaceAll(server, "/", "_"), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := serverurl.Canonical(server); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
