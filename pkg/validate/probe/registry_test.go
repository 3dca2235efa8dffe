package probe_test

import (
	"fmt"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// nvcr answers like nvcr.io: a manifest's challenge without a service, tokens for Basic $oauthtoken:KEY,
// and anonymous tokens for public repositories.
type nvcr struct {
	key        string
	token      int    // the token service's status for the key
	manifest   int    // the manifest's status with a token
	challenge  string // replaces the default; %s is the server's host
	tokenBody  string // instead of the usual one
	open       bool   // needs no token
	anonymous  int    // number of token requests without a key
	repository string
}

func (n *nvcr) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	scope := "repository:" + n.repository + ":pull"
	switch {
	case strings.HasPrefix(r.URL.Path, "/v2/"):
		if r.Header.Get("Authorization") == "Bearer token-of-the-day" {
			w.WriteHeader(n.manifest)
			if n.manifest == 200 {
				_, _ = w.Write([]byte(strings.Repeat(" ", 1<<20))) // a manifest's size does not matter
			}
			return
		}
		if n.open {
			return
		}
		challenge := `Bearer realm="http://%s/proxy_auth",scope="` + scope + `"`
		if n.challenge != "" {
			challenge = n.challenge
		}
		if strings.Contains(challenge, "%s") {
			challenge = fmt.Sprintf(challenge, r.Host)
		}
		w.Header().Set("WWW-Authenticate", challenge)
		w.WriteHeader(401)
	case r.URL.Path == "/proxy_auth" && r.Method == "GET":
		user, password, ok := r.BasicAuth()
		if !ok { // the trap: a public repository's token proves nothing about a key
			n.anonymous++
			_, _ = w.Write([]byte(`{"token":"token-of-the-day","expires_in":60}`))
			return
		}
		if user != "$oauthtoken" || password != n.key {
			w.WriteHeader(401)
			return
		}
		var service []string
		if strings.Contains(n.challenge, `service="registry"`) {
			service = []string{"registry"}
		}
		if query := r.URL.Query(); query.Get("scope") != scope || !slices.Equal(query["service"], service) {
			w.WriteHeader(400)
			return
		}
		w.WriteHeader(n.token)
		if n.tokenBody != "" {
			_, _ = w.Write([]byte(n.tokenBody))
		} else if n.token == 200 {
			_, _ = w.Write([]byte(`{"token":"token-of-the-day","expires_in":60}`))
		}
	default:
		w.WriteHeader(405)
	}
}

func TestRegistryPull(t *testing.T) {
	for _, tc := range []struct {
		name     string
		nvcr     nvcr
		wrongKey bool
		outcome  probe.Outcome
		detail   string
	}{
		{name: "may pull", nvcr: nvcr{token: 200, manifest: 200}, outcome: probe.Valid, detail: "may pull"},
		{name: "service named", nvcr: nvcr{token: 200, manifest: 200, challenge: `Bearer realm="http://%s/proxy_auth",service="registry"`}, outcome: probe.Valid},
		{name: "no scope named", nvcr: nvcr{token: 200, manifest: 200, challenge: `bearer realm="http://%s/proxy_auth"`}, outcome: probe.Valid},
		{name: "another image's scope", nvcr: nvcr{token: 200, manifest: 200, challenge: `Bearer realm="http://%s/proxy_auth",scope="repository:evil:push"`}, outcome: probe.Valid},
		{name: "access_token", nvcr: nvcr{token: 200, manifest: 200, tokenBody: `{"access_token":"token-of-the-day"}`}, outcome: probe.Valid},

		{name: "wrong key", nvcr: nvcr{token: 200, manifest: 200}, wrongKey: true, outcome: probe.Invalid, detail: "wrong or has expired"},
		{name: "token 402", nvcr: nvcr{token: 402}, outcome: probe.LacksRights, detail: "402"},
		{name: "token 403", nvcr: nvcr{token: 403}, outcome: probe.LacksRights, detail: "entitlement"},
		{name: "token 451", nvcr: nvcr{token: 451}, outcome: probe.LacksRights, detail: "451"},
		{name: "token 404", nvcr: nvcr{token: 404}, outcome: probe.Unknown, detail: "says nothing"},
		{name: "token 429", nvcr: nvcr{token: 429}, outcome: probe.Unknown, detail: "too many"},
		{name: "token 500", nvcr: nvcr{token: 500}, outcome: probe.Unknown, detail: "trouble"},
		{name: "no token", nvcr: nvcr{token: 200, tokenBody: `{}`}, outcome: probe.Unknown, detail: "without a token"},
		{name: "login page", nvcr: nvcr{token: 200, tokenBody: `<html>`}, outcome: probe.Unknown, detail: "login page"},
		{name: "token unfit for a header", nvcr: nvcr{token: 200, tokenBody: `{"token":"a\r\nX: y"}`}, outcome: probe.Unknown, detail: "without a token"},
		{name: "token too long", nvcr: nvcr{token: 200, tokenBody: `{"token":"` + strings.Repeat("x", 1<<17) + `"}`}, outcome: probe.Unknown, detail: "too long"},

		{name: "manifest 401", nvcr: nvcr{token: 200, manifest: 401}, outcome: probe.LacksRights, detail: "not for this image"},
		{name: "manifest 402", nvcr: nvcr{token: 200, manifest: 402}, outcome: probe.LacksRights, detail: "license"},
		{name: "manifest 403", nvcr: nvcr{token: 200, manifest: 403}, outcome: probe.LacksRights, detail: "entitlement"},
		{name: "manifest 404", nvcr: nvcr{token: 200, manifest: 404}, outcome: probe.Unknown, detail: "no such image"},
		{name: "manifest 429", nvcr: nvcr{token: 200, manifest: 429}, outcome: probe.Unknown, detail: "too many"},
		{name: "manifest 451", nvcr: nvcr{token: 200, manifest: 451}, outcome: probe.LacksRights, detail: "legal"},
		{name: "manifest 503", nvcr: nvcr{token: 200, manifest: 503}, outcome: probe.Unknown, detail: "trouble"},
		{name: "manifest 307", nvcr: nvcr{token: 200, manifest: 307}, outcome: probe.Unknown, detail: "elsewhere"},
		{name: "open to all", nvcr: nvcr{open: true}, outcome: probe.Unknown, detail: "not tested"},

		{name: "realm elsewhere", nvcr: nvcr{challenge: `Bearer realm="https://evil.example/proxy_auth"`}, outcome: probe.Unknown, detail: "other than NVIDIA's"},
		{name: "realm by suffix", nvcr: nvcr{challenge: `Bearer realm="https://evilnvcr.io/proxy_auth"`}, outcome: probe.Unknown, detail: "other than NVIDIA's"},
		{name: "realm by prefix", nvcr: nvcr{challenge: `Bearer realm="https://nvcr.io.evil.example/"`}, outcome: probe.Unknown, detail: "other than NVIDIA's"},
		{name: "realm on another port", nvcr: nvcr{challenge: `Bearer realm="https://nvcr.io:8443/proxy_auth"`}, outcome: probe.Unknown, detail: "other than NVIDIA's"},
		{name: "realm without TLS", nvcr: nvcr{challenge: `Bearer realm="http://nvcr.io/proxy_auth"`}, outcome: probe.Unknown, detail: "other than NVIDIA's"},
		{name: "realm of staging", nvcr: nvcr{challenge: `Bearer realm="https://stg.nvcr.io/proxy_auth"`}, outcome: probe.Unknown, detail: "other than NVIDIA's"},
		{name: "realm with a user", nvcr: nvcr{challenge: `Bearer realm="https://nvcr.io@evil.example/"`}, outcome: probe.Unknown, detail: "invalid address"},
		{name: "realm relative", nvcr: nvcr{challenge: `Bearer realm="/proxy_auth"`}, outcome: probe.Unknown, detail: "other than NVIDIA's"},
		{name: "realm a file", nvcr: nvcr{challenge: `Bearer realm="file:///etc/passwd"`}, outcome: probe.Unknown, detail: "other than NVIDIA's"},
		{name: "realm no URL", nvcr: nvcr{challenge: `Bearer realm="https://[nvcr.io"`}, outcome: probe.Unknown, detail: "invalid address"},
		{name: "Basic challenge", nvcr: nvcr{challenge: `Basic realm="x"`}, outcome: probe.Unknown, detail: "where to get a token"},
		{name: "no realm", nvcr: nvcr{challenge: `Bearer scope="x"`}, outcome: probe.Unknown, detail: "where to get a token"},
		{name: "realm not closed", nvcr: nvcr{challenge: `Bearer realm="https://nvcr.io`}, outcome: probe.Unknown, detail: "where to get a token"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			key := newKey()
			n := tc.nvcr
			n.key, n.repository = key, "nim/nvidia/nemotron-3-super-120b-a12b"
			s := serve(t, n.ServeHTTP)
			if tc.wrongKey {
				key = newKey()
			}
			c := probe.Client{Registry: s.URL, AllowLoopback: true}
			got := c.RegistryPull(t.Context(), key, mustParse(t, "nvcr.io/nim/nvidia/nemotron-3-super-120b-a12b:1.8.0"))
			check(t, key, got, tc.outcome, tc.detail)
			if n.anonymous != 0 {
				t.Error("a token was asked for without the key")
			}
			for _, r := range s.asked() {
				if r.URL.Path != "/proxy_auth" && (strings.HasPrefix(r.Header.Get("Authorization"), "Basic") || r.URL.Path != "/v2/nim/nvidia/nemotron-3-super-120b-a12b/manifests/1.8.0") {
					t.Errorf("asked %s, Authorization of %d bytes", r.URL.Path, len(r.Header.Get("Authorization")))
				}
				if strings.Contains(r.URL.String(), key[10:30]) {
					t.Error("the key is in a URL")
				}
			}
		})
	}
}

// A status before any key was sent proves nothing about the key.
func TestRegistryRefusesBeforeTheKey(t *testing.T) {
	for _, status := range []int{402, 403, 404, 429, 451, 500, 302} {
		s := serve(t, func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(status) })
		c := probe.Client{Registry: s.URL, AllowLoopback: true}
		key := newKey()
		check(t, key, c.RegistryPull(t.Context(), key, mustParse(t, "nvcr.io/a/b:1")), probe.Unknown, fmt.Sprint(status))
		if len(s.asked()) != 1 || s.asked()[0].Header.Get("Authorization") != "" {
			t.Errorf("%d: the key was sent", status)
		}
	}
}

// A loopback realm is rejected unless allowed: a registry must not redirect the key to this machine's
// services.
func TestRegistryLoopbackRealm(t *testing.T) {
	registry := probe.Client{Registry: "https://127.0.0.1:1"}
	check(t, "", registry.RegistryPull(t.Context(), newKey(), mustParse(t, "nvcr.io/a/b:1")), probe.Unknown, "this machine's own")
}

func TestRegistryDigest(t *testing.T) {
	digest := "sha256:" + strings.Repeat("0123456789abcdef", 4)
	n := nvcr{key: newKey(), token: 200, manifest: 200, repository: "nvidia/blueprint/rag-server"}
	s := serve(t, n.ServeHTTP)
	c := probe.Client{Registry: s.URL, AllowLoopback: true}
	check(t, n.key, c.RegistryPull(t.Context(), n.key, mustParse(t, "nvcr.io/nvidia/blueprint/rag-server:2.6.0@"+digest)), probe.Valid, "")
	if path := s.asked()[0].URL.Path; path != "/v2/nvidia/blueprint/rag-server/manifests/"+digest {
		t.Errorf("asked %s", path)
	}
}
