package credentialhelper

import (
	"encoding/json"
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// A migration changes the backend after the client's input was read: the program with that backend gets the
// input again.
func TestMovedAfterTheInputWasRead(t *testing.T) {
	const server, image = "registry.example.com", "nvcr.io/nim/x"
	login := &credentials.Credentials{ServerURL: server, Username: "me"}
	stored, err := json.Marshal(login)
	if err != nil {
		t.Fatal(err)
	}
	login.Secret = strings.Repeat("x", maxAgain-len(stored)) // the longest input that is passed on
	if stored, err = json.Marshal(login); err != nil || len(stored) != maxAgain {
		t.Fatalf("%d bytes, %v", len(stored), err)
	}
	kubelet := `{"apiVersion":"` + kubeletAPI + `","kind":"` + kubeletRequestKind + `","image":"` + image + `"}`
	wants := map[string]string{"get": server, "list": "", "erase": server, "store": string(stored), "kubelet": kubelet}
	for name, ask := range map[string]func(h *helper) error{
		"get":     func(h *helper) error { _, _, err := h.Get(server); return err },
		"list":    func(h *helper) error { _, err := h.List(); return err },
		"erase":   func(h *helper) error { return h.Delete(server) },
		"store":   func(h *helper) error { return h.Add(login) },
		"kubelet": func(h *helper) error { return serveKubelet(h, strings.NewReader(kubelet), io.Discard) },
	} {
		t.Run(name, func(t *testing.T) {
			stdin, err := syscall.Dup(0)
			if err != nil {
				t.Fatal(err)
			}
			defer func() { _ = syscall.Dup3(stdin, 0, 0); _ = syscall.Close(stdin) }()
			w := newWorld(t)
			h := newHelper(w.getenv, &w.stderr)
			if _, err := h.settings(); err != nil { // reads the settings now
				t.Fatal(err)
			}
			settings, err := config.Load(w.getenv)
			if err != nil {
				t.Fatal(err)
			}
			if err := settings.Pin(config.KeyBackend, keychain.BackendPass); err != nil {
				t.Fatal(err)
			}
			// There is no ragenv next to this test's program.
			if err := ask(h); err == nil || !strings.Contains(err.Error(), "the pass backend needs the program ragenv next to") {
				t.Errorf("%v", err)
			}
			if input, err := io.ReadAll(os.Stdin); err != nil || string(input) != wants[name] {
				t.Errorf("the input is %q, %v, want %q", input, err, wants[name])
			}
		})
	}
}
