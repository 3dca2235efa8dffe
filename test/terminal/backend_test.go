//go:build linux

package terminal_test

import (
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// Keys are moved to a volatile backend only after a yes.
func TestVolatileBackendAsks(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key := w.Open()
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	w.Start(ragenv, "backend", "migrate", "file", "keyctl").Expect("is volatile: a reboot empties it").Expect("[y/N] ").SendNow("\r").Expect("error: nothing was moved").Expect("ragenv backend migrate file keyctl --keep").WantCode(1)
	w.Start(ragenv, "backend", "migrate", "file", "keyctl").Expect("[y/N] ").SendNow("\x03").WantCode(130)
	if value, _ := w.Stored("NGC_API_KEY"); value != key {
		t.Error("the key is not where it was")
	}
}
