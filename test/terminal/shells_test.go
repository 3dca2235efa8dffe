//go:build linux || darwin

package terminal_test

import (
	"io/fs"
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

// shells are interactive shells with a history, in which users may run ragenv set.
var shells = map[string][]string{
	"bash": {"bash", "--norc", "--noprofile", "-i"},
	"zsh":  {"zsh", "-f", "-i"},
	"dash": {"dash", "-i"},
}

// inShell starts a shell and runs ragenv set in it, up to its prompt.
func inShell(t *testing.T, shell string) (*terminal.World, *terminal.Dialogue) {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skip(shell + " is not installed")
	}
	w := terminal.NewWorld(t, "TERM=xterm", "PS1=ready> ", "HISTFILE=history", "HISTSIZE=100", "SAVEHIST=100")
	if _, err := keychain.CreateFileStore(w.KeychainOptions(), keychain.Protection{WorkFactor: 10}); err != nil {
		t.Fatal(err)
	}
	d := w.Start(shells[shell]...)
	d.Expect("ready> ").SendNow(scripttest.Binary(t, scripttest.Ragenv) + " set NGC_API_KEY; echo code=$?\r")
	d.Expect("NGC_API_KEY (hidden): ")
	return w, d
}

// Text pasted at the prompt is the answer or is discarded: the shell never gets it. Each event is what a
// terminal sends.
func TestPromptInShells(t *testing.T) {
	t.Parallel()
	const begin, end = "\x1b[200~", "\x1b[201~"
	type outcome struct {
		send   func(key string) string
		signal syscall.Signal
		want   string // expected on the screen
		stored bool
	}
	events := map[string]outcome{
		"paste":                     {send: func(key string) string { return begin + key + end + "\r" }, want: "code=0", stored: true},
		"paste with breaks around":  {send: func(key string) string { return begin + "\n" + key + "\n" + end }, want: "code=0", stored: true},
		"paste with a break inside": {send: func(key string) string { return begin + key[:30] + "\n" + key[30:] + end + "\r" }, want: "line break"},
		"unmarked, break first":     {send: func(key string) string { return "\r" + key + "\r" }, want: "the rest was discarded"},
		"unmarked, two lines":       {send: func(key string) string { return key + "\r" + key + "\r" }, want: "the rest was discarded", stored: true},
		"Ctrl-C":                    {send: func(key string) string { return key[:30] + "\x03" }, want: "code=130"},
		"Ctrl-C, then the rest":     {send: func(key string) string { return key[:30] + "\x03" + key[30:] + "\r" }, want: "code=130"},
		"Ctrl-D":                    {send: func(string) string { return "\x04" }, want: "code=130"},
		"Ctrl-Z":                    {send: func(key string) string { return key[:30] + "\x1a" }, want: "ready> "},
		"SIGTERM":                   {signal: syscall.SIGTERM, want: "code=143"},
		"SIGHUP":                    {signal: syscall.SIGHUP, want: "code=129"},
	}
	for shell := range shells {
		for event, o := range events {
			t.Run(shell+"/"+event, func(t *testing.T) {
				w, d := inShell(t, shell)
				key := scripttest.NewKey()
				if o.signal != 0 {
					d.SignalForeground(o.signal)
				} else {
					d.Send(o.send(key))
				}
				d.Expect(o.want)
				switch {
				case event == "Ctrl-Z":
					d.SendNow("fg\r").Expect("NGC_API_KEY (hidden): ").Send(key + "\r").Expect("stored")
					o.stored = true
				case !strings.HasPrefix(o.want, "code="):
					d.Expect("code=")
				}
				d.Expect("ready> ") // input before ragenv exits is discarded with the rest of a paste
				d.SendNow("stty -a | grep -o -- '-*echo '; echo done$((40+2))\r").Expect("done42")
				if strings.Contains(d.Text(), "\n-echo ") {
					t.Error("the echo stays off")
				}
				d.SendNow("exit\r")
				d.End()
				d.WantHidden(key, key[:30], key[30:])
				if value, ok := w.Stored("NGC_API_KEY"); ok != o.stored || ok && value != key {
					t.Errorf("stored: %v, want %v:\n%s", ok, o.stored, d.Text())
				}
				wantNowhere(t, w.Dir, key[:30], key[30:])
			})
		}
	}
}

// wantNowhere fails the test if a file below dir contains one of texts.
func wantNowhere(t *testing.T, dir string, texts ...string) {
	t.Helper()
	err := filepath.WalkDir(dir, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !entry.Type().IsRegular() {
			return err
		}
		data, err := os.ReadFile(path)
		for _, text := range texts {
			if strings.Contains(string(data), text) {
				t.Errorf("%s has the key", path)
			}
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}
