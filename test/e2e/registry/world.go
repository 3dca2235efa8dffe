package registry

import (
	"io"
	"log"
	"maps"
	"net"
	"net/http"
	"slices"
	"strings"

	"github.com/google/go-containerregistry/pkg/registry"
)

// The hosts of the world's registries.
const (
	NVCR   = "nvcr.io"
	Hub    = "index.docker.io" // the host that go-containerregistry uses for docker.io; the engine uses hubEngine
	Second = "registry.example.com:5000"

	hubEngine = "registry-1.docker.io"
)

// The users that the registries know.
const (
	NVCRUser   = "$oauthtoken"
	SecondUser = "alice"
)

// Config configures a World.
type Config struct {
	App            []byte        // the static Linux executable that every image runs
	Architecture   string        // of App, as GOARCH
	Key            func() string // returns the key that nvcr.io accepts now
	SecondPassword func() string // returns the password that the second registry accepts now
}

// World serves all registries on one or more listeners. The Host header selects the registry.
type World struct {
	Journal Journal
	hosts   map[string]http.Handler
}

// NewWorld creates the registries and stores the images of Images in them.
func NewWorld(c Config) (*World, error) {
	backends := map[string]http.Handler{}
	for _, host := range []string{NVCR, Hub, Second} {
		backends[host] = registry.New(registry.Logger(log.New(io.Discard, "", 0)))
	}
	for _, reference := range Images() {
		image, err := NewImage(c.App, c.Architecture, reference)
		if err != nil {
			return nil, err
		}
		host, _, _ := strings.Cut(reference, "/")
		if host == "docker.io" {
			host = Hub
		}
		if err := seed(backends[host], reference, image); err != nil {
			return nil, err
		}
	}
	nvcr := &TokenGate{
		Realm: "https://" + NVCR + "/proxy_auth", Username: NVCRUser, Password: c.Key,
		Public: func(repository string) bool { return strings.HasPrefix(repository, "nvidia/") },
	}
	second := &BasicGate{Username: SecondUser, Password: c.SecondPassword}

	w := &World{}
	w.hosts = map[string]http.Handler{
		NVCR:      w.Journal.Wrap(NVCR, nvcr.Wrap(backends[NVCR])),
		Second:    w.Journal.Wrap(Second, second.Wrap(backends[Second])),
		Hub:       w.Journal.Wrap(Hub, backends[Hub]),
		hubEngine: w.Journal.Wrap(Hub, backends[Hub]),
	}
	return w, nil
}

// HostNames returns the host names, without ports, that must resolve to the world's listeners.
func (w *World) HostNames() []string {
	var names []string
	for _, host := range slices.Sorted(maps.Keys(w.hosts)) {
		if name, _, err := net.SplitHostPort(host); err == nil {
			host = name
		}
		names = append(names, host)
	}
	return names
}

// ServeHTTP serves the registry that the Host header names.
func (w *World) ServeHTTP(rw http.ResponseWriter, r *http.Request) {
	handler, ok := w.hosts[strings.TrimSuffix(r.Host, ":443")]
	if !ok {
		http.Error(rw, "no such registry: "+r.Host, http.StatusMisdirectedRequest)
		return
	}
	handler.ServeHTTP(rw, r)
}
