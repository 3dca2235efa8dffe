//go:build linux || darwin

package terminal_test

import (
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// On a terminal the statuses have colours, unless the person wants none, and a locked keychain stays so: nothing is asked.
func TestDoctorOnATerminal(t *testing.T) {
	for name, c := range map[string]struct {
		env     string
		colours bool
	}{
		"colours":  {"NO_COLOR=", true},
		"NO_COLOR": {"NO_COLOR=1", false},
		"dumb":     {"TERM=dumb", false},
	} {
		t.Run(name, func(t *testing.T) {
			w := terminal.NewWorld(t, "TERM=xterm", "PATH="+t.TempDir(), c.env)
			key := w.Protect("correct-horse")
			d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "doctor")
			d.WantCode(1)
			d.WantHidden(key)
			text := d.Text()
			if strings.Contains(text, "\x1b[1;31mfailed \x1b[0m  helper ") != c.colours || strings.Contains(text, "\x1b") != c.colours {
				t.Errorf("%q", text)
			}
			if !strings.Contains(text, "is locked: pulls from nvcr.io fail") || !strings.Contains(text, " checks: ") {
				t.Errorf("%s", text)
			}
		})
	}
}
