//go:build linux || darwin

package terminal_test

import (
	"os"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// A source command cannot prompt on ragenv's terminal, since Docker's clients hide its prompt.
func TestSourceHasNoTerminal(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	asks := `if (: < /dev/tty) 2> /dev/null; then echo terminal; else echo none; fi > '` + w.At("asked") + `'; echo 12345678`
	w.Start("sh", "-c", asks).Expect("12345678").WantCode(0)
	wantAsked(t, w, "terminal") // proves that there is a terminal to prompt on

	w.Start(ragenv, "source", "set", "PROBE_TOKEN", "--", "sh", "-c", asks).WantCode(0)
	w.Start("sh", "-c", `"$0" get PROBE_TOKEN | tr 1-8 a-h`, ragenv).Expect("abcdefgh").WantCode(0)
	wantAsked(t, w, "none")
}

func wantAsked(t *testing.T, w *terminal.World, want string) {
	t.Helper()
	if text, err := os.ReadFile(w.At("asked")); err != nil || strings.TrimSpace(string(text)) != want {
		t.Errorf("the command found %q, %v; want %q", text, err, want)
	}
}
