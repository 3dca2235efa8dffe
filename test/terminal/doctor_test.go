//go:build linux || darwin

package terminal_test

import (
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// On a terminal, problems are listed first, with colors and marks unless the user turned these off. A
// locked keychain stays locked.
func TestDoctorOnATerminal(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		env    string
		colors bool
		mark   string
	}{
		"colors":                 {"NO_COLOR=", true, "✗"},
		"NO_COLOR":               {"NO_COLOR=1", false, ""},
		"dumb":                   {"TERM=dumb", false, ""},
		"no TERM":                {"TERM=", false, ""},
		"a locale without UTF-8": {"LC_ALL=C", true, "error:"},
		"a locale with UTF-8":    {"LC_ALL=de_DE.utf8", true, "✗"},
	} {
		t.Run(name, func(t *testing.T) {
			w := terminal.NewWorld(t, "TERM=xterm", "PATH="+t.TempDir(), c.env)
			key := w.Protect("correct-horse")
			d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "doctor")
			d.WantCode(1)
			d.WantHidden(key)
			text := d.Text()
			if _, after, found := strings.Cut(text, "\x1b[K"); found {
				text = after // on a busy machine a moving mark is shown first, and removed
			}
			if strings.Contains(text, "\x1b[31m"+c.mark+"\x1b[0m \x1b[1mhelper\x1b[0m") != c.colors || strings.Contains(text, "\x1b") != c.colors {
				t.Errorf("%q", text)
			}
			summary := " checks: "
			if c.colors {
				summary = " passed (ragenv doctor --verbose lists them)"
			}
			if folded := strings.Join(strings.Fields(text), " "); !strings.Contains(folded, "is locked: pulls of private images from nvcr.io fail") || !strings.Contains(folded, summary) {
				t.Errorf("%s", text)
			}
		})
	}
}
