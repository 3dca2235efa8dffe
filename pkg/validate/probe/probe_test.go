package probe_test

import (
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/validate/probe"
)

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

func random(n int, from string) string {
	b := make([]byte, n)
	_, _ = rand.Read(b)
	for i := range b {
		b[i] = from[int(b[i])%len(from)]
	}
	return string(b)
}

func newKey() string { return "nvapi-" + random(64, alphabet) }

// newLegacyKey returns 84 letters and digits. Most base64 texts contain "+" or "/", so it retries until one
// does not.
func newLegacyKey() string {
	const hex = "0123456789abcdef"
	for {
		uuid := random(8, hex) + "-" + random(4, hex) + "-" + random(4, hex) + "-" + random(4, hex) + "-" + random(12, hex)
		key := base64.StdEncoding.EncodeToString([]byte(random(26, alphabet[:62]) + ":" + uuid))
		if !strings.ContainsAny(key, "+/=") {
			return key
		}
	}
}

// service is a local server that records its requests.
type service struct {
	*httptest.Server
	mu       sync.Mutex
	requests []*http.Request
}

func serve(t *testing.T, handler http.HandlerFunc) *service {
	t.Helper()
	s := &service{}
	s.Server = httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		_ = r.ParseForm()
		s.mu.Lock()
		s.requests = append(s.requests, r)
		s.mu.Unlock()
		handler(w, r)
	}))
	t.Cleanup(s.Close)
	return s
}

func (s *service) asked() []*http.Request {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.requests
}

// check fails if the outcome differs, or if the result shows what it must not.
func check(t *testing.T, key string, got probe.Result, want probe.Outcome, detail string) {
	t.Helper()
	if got.Outcome != want || !strings.Contains(got.Detail, detail) || got.Detail == "" {
		t.Errorf("got %s (%s), want %s (...%s...)", got.Outcome, got.Detail, want, detail)
	}
	text, err := json.Marshal(got)
	if err != nil {
		t.Fatal(err)
	}
	for i := 6; i+6 <= len(key); i++ {
		if strings.Contains(string(text), key[i:i+6]) {
			t.Error("the result shows a part of the key")
			break
		}
	}
	for _, personal := range []string{"Ada", "Lovelace", "ada@example.com", "REGISTRY_USER"} {
		if strings.Contains(string(text), personal) {
			t.Errorf("the result shows personal data: %s", personal)
		}
	}
	for _, r := range got.Detail + got.KeyType + got.Org + strings.Join(got.Products, "") {
		if r < ' ' || r == 0x7f {
			t.Errorf("the result holds the control character %q", r)
		}
	}
}

const callerInfo = `{"type":"%s","orgName":"example-org","products":%s,
	"user":{"name":"Ada Lovelace","email":"ada@example.com","roles":[{"orgRoles":["REGISTRY_USER"]}]}}`

func TestNGCPersonal(t *testing.T) {
	key := newKey()
	all := `["artifact-catalog","ai-foundations","nv-cloud-functions","private-registry"]`
	for _, tc := range []struct {
		name    string
		body    string
		status  int
		outcome probe.Outcome
		detail  string
		missing string
		keyType string
		org     string
	}{
		{name: "all", status: 200, body: fmt.Sprintf(callerInfo, "PERSONAL_KEY", all), outcome: probe.Valid, keyType: probe.KeyPersonal, org: "example-org"},
		{name: "service key", status: 200, body: fmt.Sprintf(callerInfo, "SERVICE_KEY", all), outcome: probe.Valid, keyType: probe.KeyService, org: "example-org"},
		{name: "new type", status: 200, body: fmt.Sprintf(callerInfo, "TEAM_KEY", all), outcome: probe.Valid, keyType: "TEAM_KEY", org: "example-org"},
		{name: "no catalog", status: 200, body: fmt.Sprintf(callerInfo, "PERSONAL_KEY", `["ai-foundations"]`), outcome: probe.LacksRights, detail: `"NGC Catalog": pulls from nvcr.io fail`, missing: "artifact-catalog", keyType: probe.KeyPersonal, org: "example-org"},
		{name: "no endpoints", status: 200, body: fmt.Sprintf(callerInfo, "PERSONAL_KEY", `["artifact-catalog"]`), outcome: probe.Valid, missing: "ai-foundations", keyType: probe.KeyPersonal, org: "example-org"},
		{name: "no products", status: 200, body: fmt.Sprintf(callerInfo, "PERSONAL_KEY", `[]`), outcome: probe.LacksRights, missing: "artifact-catalog ai-foundations", keyType: probe.KeyPersonal, org: "example-org"},
		{name: "products not told", status: 200, body: fmt.Sprintf(callerInfo, "SERVICE_KEY", `null`), outcome: probe.Valid, keyType: probe.KeyService, org: "example-org"},
		{name: "products of another form", status: 200, body: fmt.Sprintf(callerInfo, "SERVICE_KEY", `[{"product":"x"}]`), outcome: probe.Valid, keyType: probe.KeyService, org: "example-org"},
		{name: "hostile names", status: 200, body: `{"type":"\u001b[31mX","orgName":"ada@example.com","products":["artifact-catalog","ai-foundations","\u001b]0;x\u0007","` + strings.Repeat("x", 65) + `"]}`, outcome: probe.Valid},
		{name: "the key echoed", status: 200, body: `{"type":"` + key[20:40] + `","orgName":"org-` + key[6:50] + `","products":["artifact-catalog","ai-foundations","` + key[10:16] + `"]}`, outcome: probe.Valid},

		{name: "401", status: 401, body: `{"message":"ada@example.com"}`, outcome: probe.Invalid, detail: "expired"},
		{name: "402", status: 402, outcome: probe.Unknown, detail: "answered 402"},
		{name: "403", status: 403, outcome: probe.Unknown, detail: "answered 403"},
		{name: "404", status: 404, outcome: probe.Unknown, detail: "answered 404"},
		{name: "429", status: 429, outcome: probe.Unknown, detail: "too many requests"},
		{name: "451", status: 451, outcome: probe.Unknown, detail: "answered 451"},
		{name: "500", status: 500, outcome: probe.Unknown, detail: "trouble of its own"},
		{name: "503", status: 503, body: "<html>" + key, outcome: probe.Unknown, detail: "trouble of its own"},
		{name: "204", status: 204, outcome: probe.Unknown, detail: "answered 204"},
		{name: "login page", status: 200, body: "<html>Welcome, Ada", outcome: probe.Unknown, detail: "login page"},
		{name: "empty", status: 200, outcome: probe.Unknown, detail: "not a key's description"},
		{name: "empty object", status: 200, body: `{}`, outcome: probe.Unknown, detail: "not a key's description"},
		{name: "other JSON", status: 200, body: `["PERSONAL_KEY"]`, outcome: probe.Unknown, detail: "not a key's description"},
		{name: "huge", status: 200, body: `{"type":"PERSONAL_KEY","x":"` + strings.Repeat("x", 1<<20) + `"}`, outcome: probe.Unknown, detail: "too long"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			api := serve(t, func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(tc.status)
				if tc.status != 204 {
					_, _ = w.Write([]byte(tc.body))
				}
			})
			c := probe.Client{API: api.URL, AllowLoopback: true}
			got := c.NGC(t.Context(), key)
			check(t, key, got, tc.outcome, tc.detail)
			var missing []string
			for _, m := range got.Missing {
				missing = append(missing, m.Product)
				if m.Title == "" || m.Effect == "" {
					t.Errorf("%+v", m)
				}
			}
			if strings.Join(missing, " ") != tc.missing || got.KeyType != tc.keyType || got.Org != tc.org {
				t.Errorf("missing %q, type %q, org %q", missing, got.KeyType, got.Org)
			}
			if len(api.asked()) != 1 {
				t.Fatalf("%d requests", len(api.asked()))
			}
			r := api.asked()[0]
			if r.Method != "POST" || r.URL.String() != "/v3/keys/get-caller-info" || r.PostForm.Get("credentials") != key || len(r.PostForm) != 1 || r.Header.Get("Authorization") != "" {
				t.Errorf("asked %s %s, form of %d", r.Method, r.URL.Path, len(r.PostForm))
			}
		})
	}
}

func TestNGCLegacy(t *testing.T) {
	key := newLegacyKey()
	for _, tc := range []struct {
		status  int
		body    string
		outcome probe.Outcome
		detail  string
	}{
		{200, `{"token":"abc","expires_in":600}`, probe.Valid, "accepts this key"},
		{200, `{"access_token":"abc"}`, probe.Valid, "accepts this key"},
		{200, `<html>`, probe.Unknown, "login page"},
		{200, `{}`, probe.Unknown, "without a token"},
		{401, "", probe.Invalid, "expired"},
		{403, "", probe.Unknown, "answered 403"},
		{429, "", probe.Unknown, "too many"},
		{502, "", probe.Unknown, "trouble"},
	} {
		t.Run(fmt.Sprint(tc.status), func(t *testing.T) {
			authn := serve(t, func(w http.ResponseWriter, r *http.Request) {
				w.WriteHeader(tc.status)
				_, _ = w.Write([]byte(tc.body))
			})
			c := probe.Client{Authn: authn.URL, AllowLoopback: true}
			got := c.NGC(t.Context(), key)
			check(t, key, got, tc.outcome, tc.detail)
			r := authn.asked()[0]
			user, password, _ := r.BasicAuth()
			if r.Method != "GET" || r.URL.String() != "/token?service=ngc" || user != "$oauthtoken" || password != key {
				t.Errorf("asked %s %s as %q", r.Method, r.URL, user)
			}
			if len(tc.body) > 2 && tc.outcome == probe.Valid && got.KeyType != probe.KeyLegacy {
				t.Errorf("type %q", got.KeyType)
			}
		})
	}
}

func TestNGCSendsNothingElse(t *testing.T) {
	s := serve(t, func(http.ResponseWriter, *http.Request) {})
	c := probe.Client{API: s.URL, Authn: s.URL, Registry: s.URL, AllowLoopback: true}
	image := mustParse(t, "nvcr.io/nim/nvidia/x:1")
	for _, key := range []string{
		"cyborg_" + random(32, "0123456789abcdef"), "cdbk_" + random(32, alphabet), base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + newKey())), "",
	} {
		check(t, key, c.NGC(t.Context(), key), probe.Unknown, "not sent")
		check(t, key, c.RegistryPull(t.Context(), key, image), probe.Unknown, "")
		check(t, key, c.CyborgDB(t.Context(), key), probe.Unknown, "no way to check")
	}
	check(t, "", c.NGC(t.Context(), "my password for something"), probe.Unknown, "not sent")
	// A key for one environment is not sent to the other.
	check(t, "", c.RegistryPull(t.Context(), "nvapi-stg-"+random(60, alphabet), image), probe.Unknown, "not sent")
	check(t, "", c.RegistryPull(t.Context(), newKey(), mustParse(t, "stg.nvcr.io/a/b:1")), probe.Unknown, "not sent")
	check(t, "", c.RegistryPull(t.Context(), newKey(), probe.Image{Host: "evil.example", Repository: "a"}), probe.Unknown, "not sent")
	if n := len(s.asked()); n != 0 {
		t.Errorf("%d requests were made", n)
	}
}

func TestBaseURLs(t *testing.T) {
	key := newKey()
	for _, base := range []string{"http://api.ngc.nvidia.com", "ftp://x", "https://", "https://user:password@host", "://", "https://host?x", "%zz", "api.ngc.nvidia.com"} {
		c := probe.Client{API: base, AllowLoopback: true}
		got := c.NGC(t.Context(), key)
		check(t, key, got, probe.Unknown, "the address that was set")
		if strings.Contains(got.Detail, "password") {
			t.Error("the base URL's password is shown")
		}
	}
	for _, base := range []string{"http://127.0.0.1:1", "https://localhost:1", "https://[::1]:1", "https://127.0.0.9"} {
		c := probe.Client{API: base}
		check(t, key, c.NGC(t.Context(), key), probe.Unknown, "this machine's own")
	}
}

func TestNoRedirectIsFollowed(t *testing.T) {
	key := newKey()
	elsewhere := serve(t, func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte(`{"type":"PERSONAL_KEY","token":"x"}`))
	})
	for _, status := range []int{301, 302, 303, 307, 308} {
		s := serve(t, func(w http.ResponseWriter, r *http.Request) {
			if strings.HasPrefix(r.URL.Path, "/v2/") {
				w.Header().Set("WWW-Authenticate", `Bearer realm="http://`+r.Host+`/proxy_auth"`)
				w.WriteHeader(401)
				return
			}
			w.Header().Set("Location", elsewhere.URL+"/?"+url.QueryEscape(key))
			w.WriteHeader(status)
		})
		c := probe.Client{API: s.URL, Authn: s.URL, Registry: s.URL, AllowLoopback: true}
		check(t, key, c.NGC(t.Context(), key), probe.Unknown, "elsewhere")
		check(t, key, c.RegistryPull(t.Context(), key, mustParse(t, "nvcr.io/a/b:1")), probe.Unknown, "elsewhere")
		legacy := newLegacyKey()
		check(t, legacy, c.NGC(t.Context(), legacy), probe.Unknown, "elsewhere")
	}
	if n := len(elsewhere.asked()); n != 0 {
		t.Errorf("%d redirects were followed", n)
	}
}

func TestSlowAndBrokenAnswers(t *testing.T) {
	key := newKey()
	hijack := func(write string) http.HandlerFunc {
		return func(w http.ResponseWriter, _ *http.Request) {
			conn, _, err := w.(http.Hijacker).Hijack()
			if err == nil {
				_, _ = conn.Write([]byte(write))
				_ = conn.Close()
			}
		}
	}
	wait := func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(200)
		_, _ = w.Write([]byte(`{"type":`))
		w.(http.Flusher).Flush()
		<-r.Context().Done()
	}
	for _, tc := range []struct {
		name    string
		handler http.HandlerFunc
		detail  string
	}{
		{"closes", hijack(""), "connection broke"},
		{"not HTTP", hijack("SSH-2.0-OpenSSH_9.2\r\n"), "connection broke"},
		{"cut short", hijack("HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{\"type\":"), "connection broke"},
		{"endless header", hijack("HTTP/1.1 200 OK\r\nX: " + strings.Repeat("x", 1<<20) + "\r\n\r\n"), "connection broke"},
		{"key in the status line", hijack("HTTP/1.1 " + key + "\r\n\r\n"), "connection broke"},
		{"endless body", func(w http.ResponseWriter, _ *http.Request) {
			for chunk := make([]byte, 1<<16); ; {
				if _, err := w.Write(chunk); err != nil {
					return
				}
			}
		}, "too long"},
		{"no answer", func(_ http.ResponseWriter, r *http.Request) { <-r.Context().Done() }, "in time"},
		{"half an answer", wait, "in time"},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := serve(t, tc.handler)
			c := probe.Client{API: s.URL, AllowLoopback: true}
			if tc.detail == "in time" {
				c.SetTimeout(300 * time.Millisecond)
			}
			check(t, key, c.NGC(t.Context(), key), probe.Unknown, tc.detail)
		})
	}

	t.Run("refused", func(t *testing.T) {
		s := serve(t, wait)
		s.Close()
		c := probe.Client{API: s.URL, AllowLoopback: true}
		check(t, key, c.NGC(t.Context(), key), probe.Unknown, "cannot be reached")
	})
	t.Run("interrupted", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		s := serve(t, func(_ http.ResponseWriter, r *http.Request) { cancel(); <-r.Context().Done() })
		c := probe.Client{API: s.URL, AllowLoopback: true}
		check(t, key, c.NGC(ctx, key), probe.Unknown, "interrupted")
	})
	t.Run("unknown authority", func(t *testing.T) {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("was asked") }))
		s.Config.ErrorLog = log.New(io.Discard, "", 0)
		s.StartTLS()
		defer s.Close()
		c := probe.Client{API: s.URL, AllowLoopback: true}
		check(t, key, c.NGC(t.Context(), key), probe.Unknown, "authority")
	})
	t.Run("not TLS", func(t *testing.T) {
		s := serve(t, func(http.ResponseWriter, *http.Request) { t.Error("was asked") })
		c := probe.Client{API: strings.Replace(s.URL, "http:", "https:", 1), AllowLoopback: true}
		check(t, key, c.NGC(t.Context(), key), probe.Unknown, "TLS")
	})
	t.Run("TLS", func(t *testing.T) {
		s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.ProtoMajor != 1 {
				t.Errorf("asked by %s", r.Proto)
			}
			_, _ = w.Write(fmt.Appendf(nil, callerInfo, "PERSONAL_KEY", `["artifact-catalog","ai-foundations"]`))
		}))
		s.EnableHTTP2 = true
		s.StartTLS()
		defer s.Close()
		c := probe.Client{API: s.URL, AllowLoopback: true}
		c.SetRootCAs(s.Client().Transport.(*http.Transport).TLSClientConfig.RootCAs)
		check(t, key, c.NGC(t.Context(), key), probe.Valid, "")
	})
}

func mustParse(t *testing.T, reference string) probe.Image {
	t.Helper()
	image, err := probe.ParseImage(reference)
	if err != nil {
		t.Fatal(err)
	}
	return image
}
