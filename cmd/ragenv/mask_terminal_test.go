//go:build linux || darwin

package main

import (
	"strings"
	"syscall"
	"testing"

	"github.com/creack/pty"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// maskWorld has an open store with one key.
func maskWorld(t *testing.T) (w *world, ragenv, key string) {
	t.Helper()
	w = newWorld(t)
	k, err := keychain.CreateFileStore(w.keychainOptions(), nil)
	if err != nil {
		t.Fatal(err)
	}
	key = scripttest.NewKey()
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(key)}); err != nil {
		t.Fatal(err)
	}
	return w, scripttest.Binary(t, scripttest.Ragenv), key
}

// The command has a terminal: its streams, its size, its line discipline, its signals and its exit code.
func TestMaskOnATerminal(t *testing.T) {
	w, ragenv, key := maskWorld(t)
	d := w.start(ragenv, "-q", "--mask", "--", "sh", "-c", `
		test -t 0 && test -t 1 && test -t 2 && echo terminal
		printf '\033[31m%s\033[0m %s\n' "$NGC_API_KEY" "$NGC_API_KEY" >&2
		printf 'Name? '; read -r name; echo "hello $name"
		stty -echo; printf 'Secret? '; read -r secret; stty echo; echo "${#secret} typed"
		stty size
		trap 'echo resized; stty size' WINCH
		trap 'echo caught; exit 9' INT
		echo ready; while :; do sleep 0.05; done`)
	d.expect("terminal\n").expect("\x1b[31m***\x1b[0m ***\n")
	d.expect("Name? ").sendNow("you\r").expect("hello you\n")
	d.expect("Secret? ").sendNow("hidden\r").expect("6 typed\n")
	d.expect("0 0\n").expect("ready")
	if err := pty.Setsize(d.pty, &pty.Winsize{Rows: 31, Cols: 97}); err != nil {
		t.Fatal(err)
	}
	d.expect("resized").expect("31 97").sendNow("\x03").expect("caught").wantCode(9)
	d.wantHidden(key, "hidden")
	if strings.Contains(d.screen.String(), "\r\r") {
		t.Error("line ends were made twice")
	}
}

func TestMaskEndsWithTheCommand(t *testing.T) {
	w, ragenv, key := maskWorld(t)
	// A loop, because dash loses an interrupt that comes right before it becomes the last command.
	const endless = "while :; do sleep 1; done"
	// Ctrl-C where nothing catches it; the last output is there; the terminal is put back.
	w.start(ragenv, "-q", "--mask", "--", "sh", "-c", "echo ready; "+endless).expect("ready").sendNow("\x03").wantCode(128 + int(syscall.SIGINT))
	d := w.start("sh", "-c", `stty -a >before; "$0" -q --mask -- sh -c 'printf "last $NGC_API_KEY"; exit 3'; code=$?; stty -a >after; cmp before after && echo "same $code"`, ragenv)
	d.expect("last ***").expect("same 3").wantCode(0)
	// Standard input that is no terminal: Ctrl-C comes as a signal to ragenv, and goes to all of the command.
	d = w.start("sh", "-c", `trap "" INT; echo input | (trap - INT; exec "$0" -q --mask -- sh -c 'cat; test -t 1 && echo "terminal $NGC_API_KEY"; `+endless+`'); echo "code $?"`, ragenv)
	d.expect("input\n").expect("terminal ***\n")
	if strings.Contains(d.screen.String(), "\r\r") {
		t.Error("line ends were made twice")
	}
	d.wantHidden(key)
	d.sendNow("\x03").expect("code 130\n").wantCode(0)
}
