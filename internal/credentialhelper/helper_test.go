package credentialhelper

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) { scripttest.Clean(m) }

const notFound = "credentials not found in native keychain"

// world is an environment with its own store, and the helper in it.
type world struct {
	t      testing.TB
	env    map[string]string
	stderr bytes.Buffer
}

func newWorld(t testing.TB) *world {
	t.Helper()
	vars, err := scripttest.Environ(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w := &world{t: t, env: map[string]string{}}
	for _, v := range vars {
		name, value, _ := strings.Cut(v, "=")
		w.env[name] = value
	}
	settings, err := config.Load(w.getenv)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := keychain.CreateFileStore(keychain.Options{Dir: settings.Paths.Store}, keychain.Protection{WorkFactor: 10}); err != nil {
		t.Fatal(err)
	}
	if err := settings.Pin(config.KeyBackend, keychain.BackendFile); err != nil {
		t.Fatal(err)
	}
	return w
}

func (w *world) getenv(name string) string { return w.env[name] }

// run runs the helper and returns its standard output and exit code.
func (w *world) run(verb, input string) (stdout string, code int) {
	w.t.Helper()
	var out bytes.Buffer
	w.stderr.Reset()
	code = Run([]string{verb}, strings.NewReader(input), &out, &w.stderr, w.getenv)
	return out.String(), code
}

func (w *world) store(server, user, secret string) {
	w.t.Helper()
	input, err := json.Marshal(credentials.Credentials{ServerURL: server, Username: user, Secret: secret})
	if err != nil {
		w.t.Fatal(err)
	}
	if out, code := w.run("store", string(input)); code != 0 || out != "" {
		w.t.Fatalf("store %q: exit %d, %q", server, code, out)
	}
}

// get returns the answer for a server; false if there is none. Any other error fails the test.
func (w *world) get(server string) (credentials.Credentials, bool) {
	w.t.Helper()
	out, code := w.run("get", server)
	if code != 0 {
		if strings.TrimSpace(out) != notFound {
			w.t.Fatalf("get %q: exit %d, %q", server, code, out)
		}
		return credentials.Credentials{}, false
	}
	var c credentials.Credentials
	if err := json.Unmarshal([]byte(out), &c); err != nil {
		w.t.Fatalf("get %q: %v", server, err)
	}
	return c, true
}

func (w *world) erase(server string) {
	w.t.Helper()
	if out, code := w.run("erase", server); code != 0 || out != "" {
		w.t.Fatalf("erase %q: exit %d, %q", server, code, out)
	}
}

func (w *world) list() map[string]string {
	w.t.Helper()
	out, code := w.run("list", "unused")
	if code != 0 {
		w.t.Fatalf("list: exit %d, %q", code, out)
	}
	var users map[string]string
	if err := json.Unmarshal([]byte(out), &users); err != nil {
		w.t.Fatalf("list: %v", err)
	}
	return users
}
