//go:build linux || darwin

package terminal_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// shellWorld returns a home with ragenv on PATH and a few files. It skips the test if the shell is not
// installed.
func shellWorld(t *testing.T, shell string) *terminal.World {
	t.Helper()
	if _, err := exec.LookPath(shell); err != nil {
		t.Skipf("%s is not on PATH", shell)
	}
	dir, env := scripttest.LockedHome(t)
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Ragenv))
	for _, name := range []string{"notes-one", "notes-two"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	env = append(env, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"), "TERM=dumb", "PS1=ready> ", "HISTFILE=")
	return &terminal.World{T: t, Dir: dir, Env: env}
}

// Each line is typed, then a tab completes it; Enter prints the resulting command line.
var typedLines = []struct{ typed, want string }{
	{"ragenv unl\t", "ragenv unlock "},
	{"ragenv docker con\t", "ragenv docker configure "},
	{"ragenv get NG\t", "ragenv get NGC_API_KEY "},
	{"ragenv get gh\t", "ragenv get ghcr.io "},
	{"ragenv export --for\tpow\t", "ragenv export --format powershell "},
	{"ragenv export --format=pow\t", "ragenv export --format=powershell "},
	{"ragenv --profile st\tlist", "ragenv --profile staging list"},
	{"ragenv -- basenam\t", "ragenv -- basename "},
	{"ragenv -- cat notes-o\t", "ragenv -- cat notes-one "},
	{"ragenv --only MY_TOKEN,N\t", "ragenv --only MY_TOKEN,NGC_API_KEY "},
}

func TestBashCompletes(t *testing.T) {
	t.Parallel()
	w := shellWorld(t, "bash")
	d := w.Start("bash", "--norc", "--noprofile", "-i")
	d.Expect("ready> ").SendNow("bind 'set enable-bracketed-paste off'\n").Expect("ready> ").SendNow("source <(ragenv completion bash)\n").Expect("ready> ")
	typeLines(d)
	d.SendNow("mkdir ~/b; ln -s \"$(type -P ragenv)\" ~/b/ragenv; echo linked\n").Expect("\nlinked").Expect("ready> ")
	d.SendNow("~/b/ragenv unl\t--help\n").Expect("\nragenv unlock - ").Expect("ready> ")
	d.SendNow("exit\n").WantCode(0)
}

func TestZshCompletes(t *testing.T) {
	t.Parallel()
	w := shellWorld(t, "zsh")
	d := w.Start("zsh", "-f", "-i")
	d.Expect("ready> ").SendNow("unsetopt prompt_sp prompt_cr; autoload -U compinit && compinit -D -u && source <(ragenv completion zsh); echo loaded\n")
	d.Expect("\nloaded").Expect("ready> ")
	typeLines(d)
	d.SendNow("exit\n").WantCode(0)
}

// If a file never answers, only names are not completed.
func TestCompletionDoesNotHang(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	dir := filepath.Join(w.Dir, "home", ".config", "ragenv")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mkfifo(filepath.Join(dir, "config.toml"), 0o600); err != nil {
		t.Skipf("no named pipes here: %v", err)
	}
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	for line, want := range map[string]string{"get ": "", "-p ": "", "loc": ":words\nlock\t"} {
		cmd := exec.Command(ragenv, append([]string{"__complete", "--"}, strings.Split(line, " ")...)...)
		cmd.Env = w.Env
		timer := time.AfterFunc(terminal.Patience, func() { _ = cmd.Process.Kill() })
		out, err := cmd.CombinedOutput()
		timer.Stop()
		if err != nil || !strings.HasPrefix(string(out), want) || want == "" && len(out) > 0 {
			t.Errorf("%q: %q, %v", line, out, err)
		}
	}
}

// As installed by "make install": a function that zsh loads at the first tab, which must already complete.
func TestZshLoadsTheInstalledCompletion(t *testing.T) {
	t.Parallel()
	w := shellWorld(t, "zsh")
	dir := filepath.Join(w.Dir, "site-functions")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	script, err := os.ReadFile(filepath.Join("..", "..", "internal", "completion", "ragenv.zsh"))
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "_ragenv"), script, 0o600); err != nil {
		t.Fatal(err)
	}
	d := w.Start("zsh", "-f", "-i")
	d.Expect("ready> ").SendNow("unsetopt prompt_sp prompt_cr; fpath=(" + dir + " $fpath); autoload -U compinit && compinit -D -u; echo loaded\n")
	d.Expect("\nloaded").Expect("ready> ")
	typeLines(d)
	d.SendNow("exit\n").WantCode(0)
}

// typeLines types the lines at a prompt. The shell prints each line instead of running it.
func typeLines(d *terminal.Dialogue) {
	d.T.Helper()
	d.SendNow("ragenv() { printf 'line:'; printf ' %s' ragenv \"$@\"; printf ' $\\n'; }; echo defined\n").Expect("\ndefined").Expect("ready> ")
	for _, line := range typedLines {
		d.SendNow(line.typed + "\n").Expect("\nline: " + strings.TrimSpace(line.want) + " $").Expect("ready> ")
	}
}

func TestFishCompletes(t *testing.T) {
	t.Parallel()
	w := shellWorld(t, "fish")
	for _, line := range typedLines {
		if strings.Count(line.typed, "\t") != 1 || !strings.HasSuffix(line.typed, "\t") {
			continue // fish itself completes at the end of a line
		}
		typed := strings.TrimSuffix(line.typed, "\t")
		cmd := exec.Command("fish", "--no-config", "-c", `ragenv completion fish | source; complete --do-complete "$argv[1]"`, typed)
		cmd.Env, cmd.Dir = w.Env, w.Dir
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v: %s", typed, err, out)
		}
		want := strings.Fields(line.want)
		found := false
		for answer := range strings.Lines(string(out)) {
			word, _, _ := strings.Cut(strings.TrimSpace(answer), "\t")
			found = found || word == want[len(want)-1]
		}
		if !found {
			t.Errorf("%q: %q is not among\n%s", typed, want[len(want)-1], out)
		}
	}
}
