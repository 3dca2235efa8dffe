package e2e

import (
	"context"
	"encoding/json"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

// The world's images that most tests use.
const (
	nimImage    = "nvcr.io/nim/nvidia/nemotron-3-super-120b-a12b:1.8.0"
	publicImage = "nvcr.io/nvidia/public:latest"
	hubImage    = "redis/redis-stack:7.2.0-v18"
	secondImage = registry.Second + "/team/app:1.0"
)

// nimManifest is how Docker names nimImage's manifest in its messages, after GET or HEAD, depending on the
// engine.
const nimManifest = `"https://nvcr.io/v2/nim/nvidia/nemotron-3-super-120b-a12b/manifests/1.8.0"`

// needWorld skips the test outside the world that test/worlds/e2e-world creates.
func needWorld(t *testing.T) {
	t.Helper()
	if os.Getenv("E2E_WORLD") == "" {
		t.Skip("runs in a world of its own: scripts/e2e")
	}
	for _, program := range []string{helperName, "ragenv"} {
		if _, err := os.Stat(filepath.Join(os.Getenv(envBin), program)); err != nil {
			t.Fatalf("%s must name the directory of the programs under test: %v", envBin, err)
		}
	}
}

// acceptKey makes nvcr.io accept this key and no other.
func acceptKey(t *testing.T, key string) {
	t.Helper()
	file := os.Getenv("E2E_REGISTRY_KEY_FILE")
	if err := os.WriteFile(file+".new", []byte(key+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
}

// secondPassword returns the password of the second registry's user.
func secondPassword(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(os.Getenv("E2E_SECOND_PASSWORD_FILE"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSpace(string(data))
}

// control is a client for the registries' control socket.
var control = &http.Client{Timeout: commandLimit, Transport: &http.Transport{
	DialContext: func(ctx context.Context, _, _ string) (net.Conn, error) {
		return (&net.Dialer{}).DialContext(ctx, "unix", os.Getenv("E2E_REGISTRY_CONTROL"))
	},
}}

func askControl(t *testing.T, method string, answer any) {
	t.Helper()
	request, err := http.NewRequest(method, "http://control/requests", nil)
	if err != nil {
		t.Fatal(err)
	}
	response, err := control.Do(request)
	if err != nil {
		t.Fatal(err)
	}
	defer response.Body.Close()
	if answer != nil {
		if err := json.NewDecoder(response.Body).Decode(answer); err != nil {
			t.Fatal(err)
		}
	}
}

func forgetRequests(t *testing.T) {
	t.Helper()
	askControl(t, http.MethodDelete, nil)
}

// awaitQuiet waits until the registry gets no more requests. If a client gives up at the first failure of
// many, the engine continues with the rest.
func awaitQuiet(t *testing.T) {
	t.Helper()
	count := func() int {
		var all []registry.Request
		askControl(t, http.MethodGet, &all)
		return len(all)
	}
	for before, quiet, tries := count(), 0, 0; quiet < 5; tries++ {
		if tries == 300 {
			t.Fatal("the registry is being asked still, after half a minute")
		}
		time.Sleep(100 * time.Millisecond)
		now := count()
		quiet++
		if now != before {
			before, quiet = now, 0
		}
	}
}

// tokenRequests returns the requests to nvcr.io's token endpoint since the last forgetRequests.
func tokenRequests(t *testing.T) []registry.Request {
	t.Helper()
	var all, tokens []registry.Request
	askControl(t, http.MethodGet, &all)
	for _, r := range all {
		if r.Host == registry.NVCR && r.Path == "/proxy_auth" && r.Method == http.MethodGet {
			tokens = append(tokens, r)
		}
	}
	return tokens
}

// wantKeyUsed fails the test unless nvcr.io received its key, and no other credentials, since the last
// forgetRequests.
func wantKeyUsed(t *testing.T) {
	t.Helper()
	tokens := tokenRequests(t)
	if len(tokens) == 0 {
		t.Error("nvcr.io was not asked for a token")
	}
	for _, r := range tokens {
		if r.Auth != "Basic" || r.User != registry.NVCRUser || r.Status != http.StatusOK {
			t.Errorf("nvcr.io was asked for a token with %q credentials of user %q and answered %d", r.Auth, r.User, r.Status)
		}
	}
}

// wantAnonymous fails the test if nvcr.io received credentials since the last forgetRequests.
func wantAnonymous(t *testing.T) {
	t.Helper()
	for _, r := range tokenRequests(t) {
		if r.Auth != "" {
			t.Errorf("nvcr.io was given %s credentials of user %q, want none", r.Auth, r.User)
		}
	}
}

func dockerCLI() string {
	if cli := os.Getenv("E2E_DOCKER_CLI"); cli != "" {
		return cli
	}
	return "docker"
}

var cliVersion = sync.OnceValue(func() string { return firstLine(dockerCLI(), "version", "--format", "{{.Client.Version}}") })

var composeVersion = sync.OnceValue(func() string {
	if os.Getenv("E2E_COMPOSE") == "" {
		return "none"
	}
	return firstLine(os.Getenv("E2E_COMPOSE"), "version", "--short")
})

func firstLine(args ...string) string {
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second) // docker version asks the engine, too
	defer cancel()
	output, err := exec.CommandContext(ctx, args[0], args[1:]...).Output()
	if err != nil {
		return "unknown"
	}
	line, _, _ := strings.Cut(strings.TrimSpace(string(output)), "\n")
	return line
}
