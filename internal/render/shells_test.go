package render_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/render"
)

// The real shells are the oracle: each evaluates the output and runs this test program, which reports its
// environment.
const tellEnvironment = "RENDER_TEST_TELL_ENVIRONMENT"

func TestMain(m *testing.M) {
	if os.Getenv(tellEnvironment) != "" {
		if _, err := os.Stdout.WriteString(strings.Join(os.Environ(), "\x00")); err != nil {
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// evaluators has the commands from the documentation, with cat instead of ragenv and this program after
// them.
var evaluators = []struct{ name, program, format, script string }{
	{"sh", "sh", "shell", `eval "$(cat)"; exec "$0"`},
	{"bash", "bash", "shell", `eval "$(cat)"; exec "$0"`},
	{"bash as sh", "bash", "shell", `set -o posix; eval "$(cat)"; exec "$0"`},
	{"dash", "dash", "shell", `eval "$(cat)"; exec "$0"`},
	{"zsh", "zsh", "shell", `eval "$(cat)"; exec "$0"`},
	{"zsh with rcquotes", "zsh", "shell", `setopt rcquotes; eval "$(cat)"; exec "$0"`},
	{"ksh", "ksh", "shell", `eval "$(cat)"; exec "$0"`},
	{"busybox", "busybox", "shell", `eval "$(cat)"; exec "$0"`},
	{"fish", "fish", "fish", `cat | source; exec $argv[1]`},
	// Only Compose is guaranteed to read every dotenv value. FuzzDotenvSourced covers shells that source
	// the file.
}

func evaluate(t *testing.T, program, script, locale string, input []byte) map[string]string {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-c", script, self}
	switch program {
	case "busybox":
		args = append([]string{"sh"}, args...)
	case "zsh":
		args = append([]string{"-f"}, args...)
	case "bash":
		args = append([]string{"--norc"}, args...)
	case "fish":
		args = append([]string{"--no-config"}, args...)
	}
	cmd := exec.Command(program, args...)
	cmd.Stdin = bytes.NewReader(input)
	cmd.Env = []string{tellEnvironment + "=1", "GORACE=atexit_sleep_ms=0", "LC_ALL=" + locale, "HOME=" + t.TempDir(), "PATH=" + os.Getenv("PATH")}
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", program, err, &stderr)
	}
	got := map[string]string{}
	for _, entry := range strings.Split(string(out), "\x00") {
		name, value, _ := strings.Cut(entry, "=")
		got[name] = value
	}
	return got
}

func compare(t *testing.T, reader string, got map[string]string, want []render.Value) {
	t.Helper()
	for _, v := range want {
		if value, ok := got[v.Name]; !ok {
			t.Errorf("%s: %s (%q) is not set", reader, v.Name, v.Value)
		} else if value != v.Value {
			t.Errorf("%s: %s:\nis   %q\nwant %q", reader, v.Name, value, v.Value)
		}
	}
}

func mustRender(t *testing.T, format string, values []render.Value, opts render.Options) []byte {
	t.Helper()
	var buf bytes.Buffer
	if err := render.Render(&buf, format, values, opts); err != nil {
		t.Fatal(err)
	}
	return buf.Bytes()
}

// FuzzShells checks that every installed shell gets exactly these values, in both kinds of locales.
func FuzzShells(f *testing.F) {
	f.Add(uint64(1), "")
	f.Add(uint64(2), strings.Join(nasty, "\x00"))
	f.Add(uint64(3), strings.Join(nasty, ""))
	f.Fuzz(func(t *testing.T, seed uint64, raw string) {
		values := nastyValues(seed, 400, raw, false)
		for _, e := range evaluators {
			if _, err := exec.LookPath(e.program); err != nil {
				continue
			}
			input := mustRender(t, e.format, values, render.Options{})
			for _, locale := range []string{"C", "C.UTF-8"} {
				compare(t, e.name+" in "+locale, evaluate(t, e.program, e.script, locale, input), values)
			}
		}
	})
}

// TestShellsPresent shows which shells FuzzShells compares with. Without any, it would compare nothing.
func TestShellsPresent(t *testing.T) {
	present := 0
	for _, e := range evaluators {
		t.Run(e.name, func(t *testing.T) {
			path, err := exec.LookPath(e.program)
			if err != nil {
				t.Skipf("%s is not installed", e.program)
			}
			t.Log(path)
			present++
		})
	}
	if present == 0 && runtime.GOOS != "windows" {
		t.Error("there is no shell to compare with")
	}
}

// FuzzDotenvSourced checks that a shell that sources a dotenv file gets every value that needs no \0140,
// and runs nothing.
func FuzzDotenvSourced(f *testing.F) {
	if _, err := exec.LookPath("sh"); err != nil {
		f.Skip("sh is not installed")
	}
	f.Add(uint64(1), "")
	f.Add(uint64(2), "it's `touch ran`\x00'$(touch ran)\x00\\`touch ran`'\\")
	f.Fuzz(func(t *testing.T, seed uint64, raw string) {
		values := nastyValues(seed, 400, raw, true)
		output := mustRender(t, "dotenv", values, render.Options{})
		file := filepath.Join(t.TempDir(), "env")
		if err := os.WriteFile(file, output, 0o600); err != nil {
			t.Fatal(err)
		}
		// With an empty PATH, a command smuggled in by a value fails, and the shell reports that.
		got := evaluate(t, "sh", `PATH=; set -eua; . "$(read -r f; echo "$f")"; exec "$0"`, "C.UTF-8", []byte(file+"\n"))
		var exact []render.Value
		for _, v := range values {
			if !strings.Contains(v.Value, "`") {
				exact = append(exact, v)
			}
		}
		compare(t, "sh", got, exact)
	})
}
