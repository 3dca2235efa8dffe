//go:build unix

package source

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

var ref = keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}

// commandsIn returns one source in a separate home directory.
func commandsIn(t *testing.T, s config.Source, environ ...string) *Commands {
	t.Helper()
	home := t.TempDir()
	return &Commands{
		Config: &config.Config{
			Sources: map[string]map[string]config.Source{"default": {ref.Name: s}},
			Paths:   config.Paths{Home: home, ConfigFile: filepath.Join(home, "config.toml"), State: filepath.Join(home, "state")},
		},
		Environ: append(environ, "PATH="+os.Getenv("PATH")),
		Limit:   time.Minute,
	}
}

func shell(script string) config.Source { return config.Source{Command: []string{"sh", "-c", script}} }

// A command that hangs is killed with everything it started, and its last error line is reported.
func TestHangingCommand(t *testing.T) {
	c := commandsIn(t, shell(`sleep 1000 & echo $! > child; echo "Enter your PIN:" >&2; : > asked; wait`))
	var failed *Error
	for c.Limit = time.Second; ; c.Limit *= 2 { // until the machine is fast enough for it to ask
		_, err := c.Get(ref)
		if !errors.As(err, &failed) || !errors.Is(err, keychain.ErrSource) {
			t.Fatalf("%v", err)
		}
		if _, err := os.Stat(filepath.Join(c.Config.Paths.Home, "asked")); err == nil {
			break
		}
	}
	if want := fmt.Sprintf("sh did not end within %s: Enter your PIN:", c.Limit); failed.Error() != want {
		t.Errorf("%q, want %q", failed, want)
	}
	if !strings.Contains(failed.Hint(), "has no terminal here; run it in a terminal: cd; sh -c ") {
		t.Errorf("hint %q", failed.Hint())
	}
	text, err := os.ReadFile(filepath.Join(c.Config.Paths.Home, "child"))
	if err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Sscan(string(text), &child); err != nil {
		t.Fatal(err)
	}
	for alive(child) { // until the kernel has ended it
		time.Sleep(5 * time.Millisecond)
	}
}

// alive reports whether a process runs and is not a zombie.
func alive(pid int) bool {
	if errors.Is(syscall.Kill(pid, 0), syscall.ESRCH) {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err != nil || !strings.Contains(string(stat), ") Z ")
}

// A program that asks on the terminal has none, even if this test has one.
func TestNoTerminal(t *testing.T) {
	c := commandsIn(t, shell(`if (: < /dev/tty) 2>/dev/null; then echo terminal-12345; else echo no-terminal-12345; fi`))
	c.Config.Sources["default"]["X_TOKEN"] = c.Config.Sources["default"][ref.Name]
	other := ref
	other.Name = "X_TOKEN"
	item, err := c.Get(other)
	if err != nil || item.Secret.Reveal() != "no-terminal-12345" {
		t.Errorf("%q, %v", item.Secret.Reveal(), err)
	}
}

// A background process of the command, such as an agent, does not delay the answer, and survives.
func TestDaemonOfTheCommand(t *testing.T) {
	key := scripttest.NewKey()
	s := shell(`sleep 1000 & echo $! > child; echo $VAULT`)
	s.Env = []string{"VAULT"}
	c := commandsIn(t, s, "VAULT="+key)
	item, err := c.Get(ref)
	if err != nil || item.Secret.Reveal() != key {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(c.Config.Paths.Home, "child"))
	if err != nil {
		t.Fatal(err)
	}
	var child int
	if _, err := fmt.Sscan(string(text), &child); err != nil {
		t.Fatal(err)
	}
	if !alive(child) {
		t.Error("what the command started was ended")
	}
	_ = syscall.Kill(child, syscall.SIGKILL)
}

// The fourteen images of a pull ask at the same time: all get the key, and with a cache the command runs
// once.
func TestParallelGets(t *testing.T) {
	for _, cache := range []string{"", "1m"} {
		key := scripttest.NewKey()
		s := shell(`echo run >> runs; echo $VAULT`)
		s.Env, s.Cache = []string{"VAULT"}, cache
		c := commandsIn(t, s, "VAULT="+key)
		t.Cleanup(func() { _ = c.Forget() })
		var wg sync.WaitGroup
		for range 14 {
			wg.Go(func() {
				item, err := c.Get(ref)
				if err != nil || item.Secret.Reveal() != key {
					t.Errorf("cache %q: another answer, %v", cache, err)
				}
			})
		}
		wg.Wait()
		runs, err := os.ReadFile(filepath.Join(c.Config.Paths.Home, "runs"))
		if err != nil {
			t.Fatal(err)
		}
		want := 14
		if cache != "" && keychain.CanStayUnlocked() {
			want = 1
		}
		if got := strings.Count(string(runs), "run"); got != want {
			t.Errorf("cache %q: the command ran %d times, want %d", cache, got, want)
		}
		t.Logf("cache %q: 14 gets, %d runs", cache, strings.Count(string(runs), "run"))
	}
}

// A cached answer ends with Forget, and with every change of the command or its environment.
func TestForget(t *testing.T) {
	if !keychain.CanStayUnlocked() {
		t.Skip("this kernel keeps no keys for this process")
	}
	first, second := scripttest.NewKey(), scripttest.NewKey()
	s := config.Source{Command: []string{"cat", "vault"}, Cache: "1m"}
	c := commandsIn(t, s)
	t.Cleanup(func() { _ = c.Forget() })
	vault := filepath.Join(c.Config.Paths.Home, "vault")
	want := func(key, when string) {
		t.Helper()
		if item, err := c.Get(ref); err != nil || item.Secret.Reveal() != key {
			t.Errorf("%s: another answer, %v", when, err)
		}
	}
	put := func(key string) {
		if err := os.WriteFile(vault, []byte(key+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	put(first)
	want(first, "at first")
	put(second)
	want(first, "while it is kept")
	if err := c.Forget(); err != nil {
		t.Fatal(err)
	}
	want(second, "after Forget")
	put(first)
	changed := s
	changed.Command = []string{"cat", "./vault"}
	c.Config.Sources["default"][ref.Name] = changed
	want(first, "after a change of the command")
	if err := c.Forget(); err != nil {
		t.Fatal(err)
	}
	c.Config.Sources["default"][ref.Name] = s
	if err := c.Forget(); err != nil {
		t.Fatal(err)
	}
}

// From the caller's environment, a command gets what programs need to run at all and what is named for it.
func TestCleanEnvironment(t *testing.T) {
	s := shell(`env > environment; pwd > directory; echo 12345678`)
	s.Env = []string{"VAULT"}
	c := commandsIn(t, s, "PATH="+os.Getenv("PATH"), "HOME=/home/me", "VAULT=named", "VAULT_ADDR=https://evil.example", "LD_PRELOAD=", "NGC_API_KEY=x",
		"RAGENV_PASSPHRASE=x", "RAGENV_PASSPHRASE_FILE=/x", "RAGENV_BACKUP_PASSPHRASE_FILE=/x", "CREDENTIALS_DIRECTORY=/x")
	c.Config.Sources["default"]["X_TOKEN"] = c.Config.Sources["default"][ref.Name]
	other := ref
	other.Name = "X_TOKEN"
	if _, err := c.Get(other); err != nil {
		t.Fatal(err)
	}
	text, err := os.ReadFile(filepath.Join(c.Config.Paths.Home, "environment"))
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for line := range strings.Lines(string(text)) {
		name, _, _ := strings.Cut(line, "=")
		if !slices.Contains([]string{"_", "PWD", "OLDPWD", "SHLVL"}, name) { // set by the shell itself
			names = append(names, name)
		}
	}
	slices.Sort(names)
	if want := []string{"HOME", "PATH", "RAGENV_SOURCE", "VAULT"}; !slices.Equal(names, want) {
		t.Errorf("the command gets %q, want %q", names, want)
	}
	if dir, err := os.ReadFile(filepath.Join(c.Config.Paths.Home, "directory")); err != nil || strings.TrimSpace(string(dir)) != c.Config.Paths.Home {
		t.Errorf("it runs in %q, %v; want the home", dir, err)
	}
}

// A failed command runs again: only keys are cached.
func TestFailuresAreNotKept(t *testing.T) {
	key := scripttest.NewKey()
	s := shell(`test -e ready && echo $VAULT`)
	s.Env, s.Cache = []string{"VAULT"}, "1m"
	c := commandsIn(t, s, "VAULT="+key)
	t.Cleanup(func() { _ = c.Forget() })
	if _, err := c.Get(ref); !errors.Is(err, keychain.ErrSource) {
		t.Fatalf("%v", err)
	}
	if err := os.WriteFile(filepath.Join(c.Config.Paths.Home, "ready"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if item, err := c.Get(ref); err != nil || item.Secret.Reveal() != key {
		t.Errorf("another answer, %v", err)
	}
}

// The answer is the key without anything that Windows programs or shells add around it.
func TestAnswers(t *testing.T) {
	key := scripttest.NewKey()
	for name, test := range map[string]struct{ script, want string }{
		"a line break":       {`echo $VAULT`, ""},
		"none":               {`printf %s $VAULT`, ""},
		"of Windows":         {`printf '%s\r\n' $VAULT`, ""},
		"a byte order mark":  {`printf '\357\273\277%s\n' $VAULT`, ""},
		"two line breaks":    {`printf '%s\n\n' $VAULT`, "printed 2 lines: a key is one"},
		"nothing":            {`:`, "printed nothing"},
		"an empty line":      {`echo`, "printed nothing"},
		"only a complaint":   {`echo "not logged in" >&2`, "printed nothing: not logged in"},
		"quotes":             {`echo "\"$VAULT\""`, "printed what is not a key: "},
		"megabytes":          {`while :; do echo $VAULT; done`, "printed more than 1 MiB"},
		"ended by a signal":  {`kill -9 $$`, "failed (signal: killed)"},
		"a steering message": {`printf '\033[31mred\n' >&2; exit 1`, "failed (exit status 1): \ufffd[31mred"},
		"a long message":     {`printf "%0500d\n" 0 >&2; exit 1`, strings.Repeat("0", 200) + "..."},
	} {
		t.Run(name, func(t *testing.T) {
			s := shell(test.script)
			s.Env = []string{"VAULT"}
			item, err := commandsIn(t, s, "VAULT="+key).Get(ref)
			if test.want == "" {
				if err != nil || item.Secret.Reveal() != key {
					t.Errorf("another answer, %v", err)
				}
				return
			}
			if err == nil || !strings.Contains(err.Error(), test.want) || scripttest.Holds(err.Error(), key) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// No message contains what a command printed, even if the value does not have the shape of a key and the
// command repeats it in an error.
func TestOutputIsInNoMessage(t *testing.T) {
	const value = "correct horse battery"
	for name, test := range map[string]struct{ script, want string }{
		"repeated as it failed":  {`echo "$VAULT"; echo "error: bad token $VAULT" >&2; exit 1`, "failed (exit status 1): error: bad token ***"},
		"two lines":              {`echo "$VAULT"; echo "$VAULT"`, "printed 2 lines"},
		"repeated as it is slow": {`echo "$VAULT"; echo "waiting with $VAULT" >&2; sleep 1000`, "did not end within"},
	} {
		t.Run(name, func(t *testing.T) {
			s := shell(test.script)
			s.Env = []string{"VAULT"}
			c := commandsIn(t, s, "VAULT="+value)
			if strings.Contains(test.script, "sleep") {
				c.Limit = 2 * time.Second
			}
			_, err := c.Get(ref)
			if err == nil || !strings.Contains(err.Error(), test.want) || strings.Contains(err.Error(), value) {
				t.Errorf("%v, want %q", err, test.want)
			}
		})
	}
}

// A missing program, and one that cannot be executed.
func TestCannotRun(t *testing.T) {
	dir := t.TempDir()
	script := filepath.Join(dir, "script")
	if err := os.WriteFile(script, []byte("x"), 0o755); err != nil {
		t.Fatal(err)
	}
	for command, want := range map[string]string{
		"/no/such/vault": "vault is not found: no such file or directory",
		"no-such-vault":  "no-such-vault is not found: " + exec.ErrNotFound.Error(),
		script:           "script cannot be run: exec format error",
	} {
		if _, err := commandsIn(t, config.Source{Command: []string{command}}).Get(ref); err == nil || err.Error() != want {
			t.Errorf("%s: %v, want %q", command, err, want)
		}
	}
}
