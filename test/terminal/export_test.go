//go:build linux || darwin

package terminal_test

import (
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

func TestExportToATerminal(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key := w.Protect("horse battery")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "export")
	d.Expect("ragenv: error: keys are not printed to a terminal").Expect("ragenv export --reveal\n").WantCode(1)
	d.WantHidden(key)
	d = w.Start(ragenv, "export", "--reveal")
	d.Expect("Passphrase of your keychain: ").Send("horse battery\r").Expect(key).WantCode(0)

	// With a pipe, only the passphrase prompt reaches the terminal.
	w.Lock()
	d = w.Start("sh", "-c", `eval "$("$0" export)"; echo ${#NGC_API_KEY}`, ragenv)
	d.Expect("Passphrase of your keychain: ").Send("horse battery\r").Expect("70\n").WantCode(0)
	d.WantHidden(key, "horse battery")
}
