//go:build linux || darwin

package terminal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// maskWorld returns a world with an open store and one key.
func maskWorld(t *testing.T) (w *terminal.World, ragenv, key string) {
	t.Helper()
	w = terminal.NewWorld(t)
	k, err := keychain.CreateFileStore(w.KeychainOptions(), keychain.Protection{WorkFactor: 10})
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

// The command has a terminal: streams, size, line discipline, signals and exit code.
func TestMaskOnATerminal(t *testing.T) {
	t.Parallel()
	w, ragenv, key := maskWorld(t)
	d := w.Start(ragenv, "-q", "--mask", "--", "sh", "-c", `
		test -t 0 && test -t 1 && test -t 2 && echo terminal
		printf '\033[31m%s\033[0m %s\n' "$NGC_API_KEY" "$NGC_API_KEY" >&2
		printf 'Name? '; read -r name; echo "hello $name"
		stty -echo; printf 'Secret? '; read -r secret; stty echo; echo "${#secret} typed"
		stty size
		trap 'echo resized; stty size' WINCH
		trap 'echo caught; exit 9' INT
		echo ready; while :; do sleep 0.05; done`)
	d.Expect("terminal\n").Expect("\x1b[31m***\x1b[0m ***\n")
	d.Expect("Name? ").SendNow("you\r").Expect("hello you\n")
	d.Expect("Secret? ").SendNow("hidden\r").Expect("6 typed\n")
	d.Expect("0 0\n").Expect("ready")
	d.Resize(31, 97)
	d.Expect("resized").Expect("31 97").SendNow("\x03").Expect("caught").WantCode(9)
	d.WantHidden(key, "hidden")
	if strings.Contains(d.Screen(), "\r\r") {
		t.Error("line ends were made twice")
	}
}

func TestMaskEndsWithTheCommand(t *testing.T) {
	t.Parallel()
	w, ragenv, key := maskWorld(t)
	// It is a loop, because dash loses an interrupt that arrives just before it executes its last command.
	const endless = "while :; do sleep 1; done"
	// Ctrl-C stops a command that does not catch it. The last output is shown, and the terminal is
	// restored.
	w.Start(ragenv, "-q", "--mask", "--", "sh", "-c", "echo ready; "+endless).Expect("ready").SendNow("\x03").WantCode(128 + int(syscall.SIGINT))
	d := w.Start("sh", "-c", `stty -a >before; "$0" -q --mask -- sh -c 'printf "last $NGC_API_KEY"; exit 3'; code=$?; stty -a >after; cmp before after && echo "same $code"`, ragenv)
	d.Expect("last ***").Expect("same 3").WantCode(0)
	// If standard input is not a terminal, Ctrl-C reaches ragenv as a signal, which ragenv sends to all of
	// the command.
	d = w.Start("sh", "-c", `trap "" INT; echo input | (trap - INT; exec "$0" -q --mask -- sh -c 'cat; test -t 1 && echo "terminal $NGC_API_KEY"; `+endless+`'); echo "code $?"`, ragenv)
	d.Expect("input\n").Expect("terminal ***\n")
	if strings.Contains(d.Screen(), "\r\r") {
		t.Error("line ends were made twice")
	}
	d.WantHidden(key)
	d.SendNow("\x03").Expect("code 130\n").WantCode(0)
}

// Ctrl-Z stops the command together with the shell's job, and fg continues both.
func TestMaskStopsAndGoesOn(t *testing.T) {
	t.Parallel()
	for shell := range shells {
		t.Run(shell, func(t *testing.T) {
			if _, err := exec.LookPath(shell); err != nil {
				t.Skip(shell + " is not installed")
			}
			w, ragenv, key := maskWorld(t)
			w.Env = append(w.Env, "PS1=ready> ")
			d := w.Start(shells[shell]...)
			d.Expect("ready> ").SendNow(ragenv + " -q --mask -- sh -c 'echo $$ >pid; echo be''gun; read -r a; echo \"got $a $NGC_API_KEY\"; read -r b; echo \"and $b\"; exit 7'; echo code=$?\r")
			d.Expect("begun\n")
			for round, answer := range []string{"one", "two"} {
				d.SendNow("\x1a").Expect("ready> ")
				pid, err := os.ReadFile(filepath.Join(w.Dir, "pid"))
				if err != nil {
					t.Fatal(err)
				}
				// The command is stopped, too, perhaps a moment later.
				terminal.WaitFor(t, "the command to stop", func() bool {
					out, _ := exec.Command("ps", "-o", "state=", "-p", strings.TrimSpace(string(pid))).Output()
					return strings.HasPrefix(string(out), "T")
				})
				d.SendNow("ps -o state= -p " + strings.TrimSpace(string(pid)) + " | sed 's/^/state=/'\r").Expect("state=T").Expect("ready> ")
				d.SendNow("echo st''ill sane\r").Expect("still sane\n").Expect("ready> ")
				d.SendNow("fg\r")
				terminal.WaitFor(t, "the command to go on", func() bool {
					out, _ := exec.Command("ps", "-o", "state=", "-p", strings.TrimSpace(string(pid))).Output()
					return !strings.HasPrefix(string(out), "T")
				})
				d.SendNow(answer + "\r").Expect([]string{"got one ***", "and two"}[round])
			}
			// In dash and zsh, fg ends with the command's code. They dropped the rest of the line when it
			// was stopped.
			d.Expect("ready> ").SendNow("echo fg=$?\r").Expect("fg=7\n").Expect("ready> ").SendNow("stty -a | grep -c ' icanon'\r").Expect("1\n")
			d.WantHidden(key)
			d.SendNow("exit\r").End()
		})
	}
}
