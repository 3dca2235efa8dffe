//go:build linux || darwin

package terminal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// historyHint matches the command in the hint for a key given as an argument.
var historyHint = regexp.MustCompile(`hint: (.+) removes it now;`)

// A key typed as an argument is in the shell's history. The hint removes this entry and no other.
func TestHistoryHints(t *testing.T) {
	t.Parallel()
	for shell, s := range map[string]struct {
		args    []string
		history string // relative to the home
	}{
		"bash": {[]string{"bash", "--norc", "--noprofile", "-i"}, ".bash_history"},
		"zsh":  {[]string{"zsh", "-i"}, ".zsh_history"},
		"fish": {[]string{"fish", "-i"}, ".local/share/fish/fish_history"},
	} {
		t.Run(shell, func(t *testing.T) {
			path, err := exec.LookPath(shell)
			if err != nil {
				t.Skip(shell + " is not installed")
			}
			bin := filepath.Dir(scripttest.Binary(t, scripttest.Ragenv))
			w := terminal.NewWorld(t, "TERM=xterm", "SHELL="+path, "PATH="+bin+":"+os.Getenv("PATH"), "PS1=ready> ")
			w.Env = append(w.Env, "HISTFILE="+w.At(".bash_history"))
			write(t, w.At(".zshrc"), "HISTFILE=~/.zsh_history HISTSIZE=100 SAVEHIST=100 PS1='ready> '\nsetopt INC_APPEND_HISTORY\n")
			write(t, w.At(".config/fish/config.fish"), "function fish_prompt; echo -n 'ready> '; end\nfunction fish_greeting; end\n")
			key := scripttest.NewKey()
			d := w.Start(s.args...)
			d.Resize(50, 400) // fish shortens lines wider than the screen
			// A shell may redraw its prompt while a line is typed, so the test waits for the output of
			// commands.
			d.Expect("ready> ").SendNow("echo bef''ore\r").Expect("before")
			d.SendNow("ragenv set NGC_API_KEY " + key + "\r").Expect("removes it now")
			hint := historyHint.FindStringSubmatch(d.Text())
			if hint == nil {
				t.Fatalf("no hint:\n%s", strings.ReplaceAll(d.Text(), key, "KEY"))
			}
			d.SendNow(hint[1] + "\r").SendNow("echo aft''er\r").Expect("after")
			d.SendNow("exit\r")
			d.End()
			data, err := os.ReadFile(w.At(s.history))
			if err != nil {
				t.Fatal(err)
			}
			if strings.Contains(string(data), key) || !strings.Contains(string(data), "echo bef") || !strings.Contains(string(data), "echo aft") {
				t.Errorf("the history is\n%s", strings.ReplaceAll(string(data), key, "KEY"))
			}
		})
	}
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}
