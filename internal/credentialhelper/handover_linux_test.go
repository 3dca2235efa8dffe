package credentialhelper

import (
	"io"
	"os"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// A migration changes the backend after the client's input was read: the program with that backend gets the
// input again.
func TestMovedAfterTheInputWasRead(t *testing.T) {
	const server = "registry.example.com"
	for name, ask := range map[string]func(h *helper) error{
		"get":  func(h *helper) error { _, _, err := h.Get(server); return err },
		"list": func(h *helper) error { _, err := h.List(); return err },
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
			want := map[string]string{"get": server, "list": ""}[name]
			if input, err := io.ReadAll(os.Stdin); err != nil || string(input) != want {
				t.Errorf("the input is %q, %v, want %q", input, err, want)
			}
		})
	}
}
