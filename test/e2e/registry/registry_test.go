package registry_test

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/google/go-containerregistry/pkg/authn"
	"github.com/google/go-containerregistry/pkg/name"
	"github.com/google/go-containerregistry/pkg/v1/remote"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

// local serves a World in this process. Its client sends the requests for any host to it.
type local struct {
	world *registry.World
	key   atomic.Pointer[string]
}

func newLocal(t *testing.T) *local {
	t.Helper()
	l := &local{}
	l.accept("first key")
	world, err := registry.NewWorld(registry.Config{
		App: []byte("not run here"), Architecture: "amd64",
		Key:            func() string { return *l.key.Load() },
		SecondPassword: func() string { return "password" },
	})
	if err != nil {
		t.Fatal(err)
	}
	l.world = world
	return l
}

func (l *local) accept(key string) { l.key.Store(&key) }

func (l *local) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.Body == nil {
		r = r.Clone(r.Context())
		r.Body = http.NoBody
	}
	r.Host = r.URL.Host
	recorder := httptest.NewRecorder()
	l.world.ServeHTTP(recorder, r)
	response := recorder.Result()
	response.Request = r
	return response, nil
}

// ask sends a request and returns the response and its body.
func (l *local) ask(t *testing.T, method, address string, edit func(*http.Request)) (*http.Response, string) {
	t.Helper()
	request, err := http.NewRequest(method, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if edit != nil {
		edit(request)
	}
	response, err := l.RoundTrip(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response, string(body)
}

func (l *local) token(t *testing.T, scope, username, password string) (status int, token string) {
	t.Helper()
	response, body := l.ask(t, http.MethodGet, "https://nvcr.io/proxy_auth?"+url.Values{"scope": {scope}}.Encode(), func(r *http.Request) {
		if username != "" {
			r.SetBasicAuth(username, password)
		}
	})
	var answer struct{ Token string }
	_ = json.Unmarshal([]byte(body), &answer)
	return response.StatusCode, answer.Token
}

const nimManifest = "https://nvcr.io/v2/nim/baidu/paddleocr/manifests/1.5.0"

func TestChallenge(t *testing.T) {
	l := newLocal(t)
	for address, want := range map[string]string{
		"https://nvcr.io/v2/": `Bearer realm="https://nvcr.io/proxy_auth"`,
		nimManifest:           `Bearer realm="https://nvcr.io/proxy_auth",scope="repository:nim/baidu/paddleocr:pull"`,
	} {
		response, _ := l.ask(t, http.MethodGet, address, nil)
		if got := response.Header.Get("WWW-Authenticate"); response.StatusCode != http.StatusUnauthorized || got != want {
			t.Errorf("%s: %d, challenge %q, want %q", address, response.StatusCode, got, want)
		}
	}
}

func TestTokenEndpoint(t *testing.T) {
	l := newLocal(t)
	const private, public = "repository:nim/baidu/paddleocr:pull", "repository:nvidia/public:pull"
	for _, test := range []struct {
		why, scope, username, password string
		want                           int
	}{
		{"the key", private, "$oauthtoken", "first key", 200},
		{"the key, at a login", "", "$oauthtoken", "first key", 200},
		{"a wrong key", private, "$oauthtoken", "nope", 401},
		{"a wrong key for a public image", public, "$oauthtoken", "nope", 401},
		{"another user", private, "alice", "first key", 401},
		{"nobody", private, "", "", 401},
		{"nobody, public", public, "", "", 200},
		{"nobody, public and private", public + " " + private, "", "", 401},
		{"nobody, push", "repository:nvidia/public:pull,push", "", "", 401},
		{"nobody, no scope", "", "", "", 401},
	} {
		status, token := l.token(t, test.scope, test.username, test.password)
		if status != test.want || (token != "") != (status == 200) {
			t.Errorf("%s: %d, want %d; token: %t", test.why, status, test.want, token != "")
		}
	}
	if response, _ := l.ask(t, http.MethodPost, "https://nvcr.io/proxy_auth", nil); response.StatusCode != http.StatusMethodNotAllowed {
		t.Errorf("POST: %d, want 405", response.StatusCode)
	}
}

func TestTokens(t *testing.T) {
	l := newLocal(t)
	get := func(address, token string) (int, string) {
		response, _ := l.ask(t, http.MethodGet, address, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })
		return response.StatusCode, response.Header.Get("WWW-Authenticate")
	}
	_, token := l.token(t, "repository:nim/baidu/paddleocr:pull", "$oauthtoken", "first key")
	if status, _ := get(nimManifest, token); status != 200 {
		t.Errorf("with a token: %d, want 200", status)
	}
	if status, challenge := get("https://nvcr.io/v2/nim/nvidia/riva-asr/manifests/1.3.0", token); status != 401 || !strings.Contains(challenge, `error="insufficient_scope"`) {
		t.Errorf("with another repository's token: %d, %q", status, challenge)
	}
	l.accept("second key")
	for why, stale := range map[string]string{"a rotated key's": token, "an invented": "invented"} {
		if status, challenge := get(nimManifest, stale); status != 401 || !strings.Contains(challenge, `error="invalid_token"`) {
			t.Errorf("with %s token: %d, %q", why, status, challenge)
		}
	}
	if status, _ := l.token(t, "", "$oauthtoken", "first key"); status != 401 {
		t.Errorf("the old key: %d, want 401", status)
	}
	l.accept("")
	if status, _ := l.token(t, "", "$oauthtoken", ""); status != 401 {
		t.Errorf("an empty key: %d, want 401", status)
	}
}

func TestImagesCanBePulled(t *testing.T) {
	l := newLocal(t)
	digests := map[string]string{}
	for _, reference := range registry.Images() {
		ref, err := name.ParseReference(reference)
		if err != nil {
			t.Fatal(err)
		}
		image, err := remote.Image(ref, remote.WithTransport(l), remote.WithAuth(credentials(ref)))
		if err != nil {
			t.Errorf("%s: %v", reference, err)
			continue
		}
		digest, err := image.Digest()
		if err != nil {
			t.Fatal(err)
		}
		if other, known := digests[digest.String()]; known {
			t.Errorf("%s and %s are the same image", reference, other)
		}
		digests[digest.String()] = reference
		if config, err := image.ConfigFile(); err != nil || config.Config.Entrypoint[0] != "/app" {
			t.Errorf("%s: entrypoint: %v", reference, err)
		}
	}
	if len(digests) < 20 {
		t.Errorf("%d images", len(digests))
	}
}

func TestPush(t *testing.T) {
	l := newLocal(t)
	for _, reference := range []string{"nvcr.io/org/new:1", registry.Second + "/team/new:1"} {
		ref, err := name.ParseReference(reference)
		if err != nil {
			t.Fatal(err)
		}
		image, err := registry.NewImage([]byte("app"), "arm64", reference)
		if err != nil {
			t.Fatal(err)
		}
		if err := remote.Write(ref, image, remote.WithTransport(l)); err == nil {
			t.Errorf("%s: pushed without credentials", reference)
		}
		if err := remote.Write(ref, image, remote.WithTransport(l), remote.WithAuth(credentials(ref))); err != nil {
			t.Errorf("%s: %v", reference, err)
		}
	}
}

func credentials(ref name.Reference) authn.Authenticator {
	switch ref.Context().RegistryStr() {
	case registry.NVCR:
		return &authn.Basic{Username: registry.NVCRUser, Password: "first key"}
	case registry.Second:
		return &authn.Basic{Username: registry.SecondUser, Password: "password"}
	}
	return authn.Anonymous
}

func TestJournalKeepsNoCredentials(t *testing.T) {
	l := newLocal(t)
	_, token := l.token(t, "repository:nim/baidu/paddleocr:pull", "$oauthtoken", "first key")
	l.ask(t, http.MethodGet, nimManifest, func(r *http.Request) { r.Header.Set("Authorization", "Bearer "+token) })

	control := func(method string) (int, string) {
		recorder := httptest.NewRecorder()
		l.world.Journal.ServeHTTP(recorder, httptest.NewRequest(method, "/requests", nil))
		return recorder.Code, recorder.Body.String()
	}
	_, body := control(http.MethodGet)
	if strings.Contains(body, "first key") || strings.Contains(body, token) {
		t.Error("the journal holds credentials")
	}
	var requests []registry.Request
	if err := json.Unmarshal([]byte(body), &requests); err != nil {
		t.Fatal(err)
	}
	if len(requests) != 2 ||
		requests[0] != (registry.Request{Host: "nvcr.io", Method: "GET", Path: "/proxy_auth", Query: "scope=repository%3Anim%2Fbaidu%2Fpaddleocr%3Apull", Auth: "Basic", User: "$oauthtoken", Status: 200}) ||
		requests[1].Auth != "Bearer" || requests[1].Status != 200 {
		t.Errorf("journal: %+v", requests)
	}
	if code, _ := control(http.MethodDelete); code != http.StatusNoContent {
		t.Errorf("DELETE: %d", code)
	}
	if _, body := control(http.MethodGet); strings.TrimSpace(body) != "[]" {
		t.Errorf("after DELETE: %s", body)
	}
}

func TestAuthorityIssuesForItsHostsOnly(t *testing.T) {
	l := newLocal(t)
	authority, err := registry.NewAuthority()
	if err != nil {
		t.Fatal(err)
	}
	cert, err := authority.Issue(l.world.HostNames()...)
	if err != nil {
		t.Fatal(err)
	}
	for host, want := range map[string]bool{"nvcr.io": true, "registry.example.com": true, "registry-1.docker.io": true, "evilnvcr.io": false} {
		leaf := cert.Leaf
		if leaf == nil {
			t.Fatal("no leaf certificate")
		}
		if got := leaf.VerifyHostname(host) == nil; got != want {
			t.Errorf("%s: %t, want %t", host, got, want)
		}
	}
}
