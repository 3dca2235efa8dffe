package charts

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"math/big"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"
)

const (
	host = "helm.ngc.nvidia.com"
	cdn  = "cdn.example.com"
	user = "$oauthtoken"
)

// request records a request to a server.
type request struct {
	host, path, user, key string
	basic                 bool
}

// world is a TLS server to which every name resolves.
type world struct {
	client *Client
	key    string

	mu   sync.Mutex
	seen []request
}

func newWorld(t *testing.T, handler http.HandlerFunc) *world {
	t.Helper()
	w := &world{key: "nvapi-" + rand.Text()}
	certificate, roots := authority(t, host, cdn)
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		user, key, basic := r.BasicAuth()
		w.mu.Lock()
		w.seen = append(w.seen, request{r.Host, r.URL.RequestURI(), user, key, basic})
		w.mu.Unlock()
		handler(rw, r)
	}))
	server.TLS = &tls.Config{Certificates: []tls.Certificate{certificate}}
	server.StartTLS()
	t.Cleanup(server.Close)
	w.client = &Client{Host: host, User: user, RootCAs: roots, dial: func(ctx context.Context, network, _ string) (net.Conn, error) {
		return new(net.Dialer).DialContext(ctx, network, server.Listener.Addr().String())
	}}
	return w
}

func authority(t *testing.T, names ...string) (tls.Certificate, *x509.CertPool) {
	t.Helper()
	private, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), DNSNames: names, NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour),
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageDigitalSignature | x509.KeyUsageCertSign,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, private.Public(), private)
	if err != nil {
		t.Fatal(err)
	}
	parsed, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	roots := x509.NewCertPool()
	roots.AddCert(parsed)
	return tls.Certificate{Certificate: [][]byte{der}, PrivateKey: private}, roots
}

// fetch calls Fetch and checks that no error contains the key.
func (w *world) fetch(t *testing.T, address string) (string, error) {
	t.Helper()
	body, err := w.client.Fetch(t.Context(), address, w.key)
	if err != nil && strings.Contains(err.Error(), w.key) {
		t.Error("the error holds the key")
	}
	return string(body), err
}

func TestFetch(t *testing.T) {
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte("a chart")) })
	body, err := w.fetch(t, "ngc://helm.ngc.nvidia.com/nvidia/charts/x-v1.tgz?version=1")
	if err != nil || body != "a chart" {
		t.Fatalf("%q, %v", body, err)
	}
	want := request{host, "/nvidia/charts/x-v1.tgz?version=1", user, w.key, true}
	if len(w.seen) != 1 || w.seen[0] != want {
		t.Errorf("%d requests, or another than the one wanted", len(w.seen))
	}
}

func TestIndex(t *testing.T) {
	const index = `entries:
  x:
  - home: https://helm.ngc.nvidia.com/about
    urls:
    - https://helm.ngc.nvidia.com/nvidia/charts/x-v1.tgz
    - "https://helm.ngc.nvidia.com:443/nvidia/charts/x-v2.tgz"
    - charts/x-v3.tgz
    - https://helm.ngc.nvidia.com.example.com/nvidia/charts/x-v4.tgz
    - https://example.com/?https://helm.ngc.nvidia.com/x
`
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { _, _ = rw.Write([]byte(index)) })
	body, err := w.fetch(t, "ngc://helm.ngc.nvidia.com/nvidia/index.yaml")
	want := strings.NewReplacer(
		"https://helm.ngc.nvidia.com/nvidia/charts/x-v1", "ngc://helm.ngc.nvidia.com/nvidia/charts/x-v1",
		"https://helm.ngc.nvidia.com:443/nvidia/charts/x-v2", "ngc://helm.ngc.nvidia.com/nvidia/charts/x-v2",
	).Replace(index)
	if err != nil || body != want {
		t.Errorf("%v\n%s", err, body)
	}
	if body, err := w.fetch(t, "ngc://helm.ngc.nvidia.com/nvidia/charts/index.tgz"); err != nil || body != index {
		t.Errorf("another file is changed: %v", err)
	}
}

// TestOtherAddresses checks that no request is sent.
func TestOtherAddresses(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {})
	for _, address := range []string{
		"", "::", "https://helm.ngc.nvidia.com/x", "http://helm.ngc.nvidia.com/x", "ngc:helm.ngc.nvidia.com/x", "ngc:///x",
		"ngc://example.com/x", "ngc://helm.ngc.nvidia.com.example.com/x", "ngc://helm.ngc.nvidia.com@example.com/x", "ngc://user:pw@helm.ngc.nvidia.com/x",
		"ngc://helm.ngc.nvidia.com:8443/x", "ngc://helm.ngc.nvidia.com/x#y", "ngc://xhelm.ngc.nvidia.com/", "ngc://helm.ngc.nvidia.com\n/x",
	} {
		if _, err := w.fetch(t, address); !errors.As(err, new(*AddressError)) {
			t.Errorf("%q: %v", address, err)
		}
	}
	if len(w.seen) > 0 {
		t.Errorf("%d requests", len(w.seen))
	}
}

func TestStatus(t *testing.T) {
	for status, want := range map[int]string{
		401: "does not take the key", 403: "has no access", 404: "no such chart", 429: "too many requests", 500: "trouble of its own", 204: "answered 204", 304: "answered 304",
	} {
		w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) { rw.WriteHeader(status) })
		_, err := w.fetch(t, "ngc://helm.ngc.nvidia.com/x")
		var typed *StatusError
		if !errors.As(err, &typed) || typed.Status != status || !strings.Contains(err.Error(), want) {
			t.Errorf("%d: %v", status, err)
		}
	}
}

// TestRedirects checks that redirects are followed over TLS and without the key, wherever they lead.
func TestRedirects(t *testing.T) {
	for location, want := range map[string]string{
		"https://" + cdn + "/signed?x=1": "",
		"https://" + host + "/other":     "",
		"/relative":                      "",
		"http://" + cdn + "/plain":       "without TLS",
		"ftp://" + cdn + "/x":            "without TLS",
		"/loop":                          "one other address after another",
	} {
		w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
			if r.URL.Path == "/x" || r.URL.Path == "/loop" {
				http.Redirect(rw, r, location, http.StatusFound)
				return
			}
			_, _ = rw.Write([]byte("a chart"))
		})
		body, err := w.fetch(t, "ngc://helm.ngc.nvidia.com/x")
		switch {
		case want == "" && (err != nil || body != "a chart" || len(w.seen) != 2):
			t.Errorf("%s: %q, %v, %d requests", location, body, err, len(w.seen))
		case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v", location, err)
		}
		for i, r := range w.seen {
			if r.basic != (i == 0) || r.key != "" && r.host != host {
				t.Errorf("%s: request %d to %s%s is with a login: %v", location, i, r.host, r.path, r.basic)
			}
		}
	}
	w := newWorld(t, func(rw http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/x" {
			http.Redirect(rw, r, "https://"+cdn+"/secret-in-address", http.StatusFound)
			return
		}
		rw.WriteHeader(http.StatusUnauthorized)
	})
	if _, err := w.fetch(t, "ngc://helm.ngc.nvidia.com/x"); err == nil || err.Error() != cdn+" answered 401" {
		t.Errorf("refused after a redirect: %v", err)
	}
}

// TestNoKeyWithoutTrust checks that a server with an untrusted certificate gets no key.
func TestNoKeyWithoutTrust(t *testing.T) {
	w := newWorld(t, func(http.ResponseWriter, *http.Request) {})
	_, w.client.RootCAs = authority(t, host)
	if _, err := w.fetch(t, "ngc://helm.ngc.nvidia.com/x"); err == nil || !strings.Contains(err.Error(), "certificate") {
		t.Errorf("%v", err)
	}
	if len(w.seen) > 0 {
		t.Error("it was asked")
	}
}

func TestTimeout(t *testing.T) {
	release := make(chan struct{})
	w := newWorld(t, func(rw http.ResponseWriter, _ *http.Request) {
		rw.(http.Flusher).Flush()
		<-release
	})
	defer close(release)
	w.client.timeout = 50 * time.Millisecond
	if _, err := w.fetch(t, "ngc://helm.ngc.nvidia.com/x"); err == nil || !strings.Contains(err.Error(), "did not answer in time") {
		t.Errorf("%v", err)
	}
}
