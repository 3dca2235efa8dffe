//go:build linux || darwin

package main

import (
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestExportToATerminal(t *testing.T) {
	w := newWorld(t)
	key := w.protect("horse battery")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.start(ragenv, "export")
	d.expect("ragenv: error: keys are not printed to a terminal").expect("ragenv export --reveal\n").wantCode(1)
	d.wantHidden(key)
	d = w.start(ragenv, "export", "--reveal")
	d.expect("Passphrase of your keychain: ").send("horse battery\r").expect(key).wantCode(0)

	// In a pipe it is the passphrase's prompt alone that reaches the terminal.
	w.lock()
	d = w.start("sh", "-c", `eval "$("$0" export)"; echo ${#NGC_API_KEY}`, ragenv)
	d.expect("Passphrase of your keychain: ").send("horse battery\r").expect("70\n").wantCode(0)
	d.wantHidden(key, "horse battery")
}
