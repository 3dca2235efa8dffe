// Package windows runs the programs for Windows under Wine. The console, Credential Manager and processes
// are Wine's, so a test that passes is evidence for Windows, not proof. scripts/wine installs what it
// needs.
package windows

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
	"unicode/utf16"

	"github.com/creack/pty"
	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/test/scripttest"
)

// envWine enables these tests, which take a minute to start.
const envWine = "RAGENV_TEST_WINE"

// patience limits how long Wine may take for any operation.
const patience = time.Minute

// wine is a separate Windows installation with both programs in C:\ragenv.
type wine struct {
	t        testing.TB
	program  string // wine64
	dir, bin string
	env      []string
}

// find returns the path of one of Wine's programs, which Debian does not put on PATH.
func find(name string) string {
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	path := filepath.Join("/usr/lib/wine", name)
	if _, err := os.Stat(path); err != nil {
		return ""
	}
	return path
}

func newWine(t testing.TB) *wine {
	t.Helper()
	if os.Getenv(envWine) == "" {
		t.Skipf("$%s is not set: scripts/wine runs this", envWine)
	}
	w := &wine{t: t, program: find("wine64"), dir: t.TempDir()}
	server := find("wineserver64")
	compiler, err := exec.LookPath("x86_64-w64-mingw32-gcc")
	if w.program == "" || server == "" || err != nil {
		t.Skip("wine64 or mingw-w64 is not installed: scripts/wine installs them")
	}
	prefix := filepath.Join(w.dir, "prefix")
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "USER=tester", "WINEPREFIX=" + prefix, "WINEDEBUG=-all", "WINESERVER=" + server,
		"WINEDLLOVERRIDES=mscoree,mshtml=;bcryptprimitives=n", "TERM=xterm",
	}
	t.Cleanup(func() {
		for _, flag := range []string{"-k", "-w"} { // stops this prefix's server, and waits for it
			cmd := exec.Command(server, flag)
			cmd.Env = w.env
			_ = cmd.Run()
		}
	})
	w.command("wineboot", "-i").must(nil)
	system := filepath.Join(prefix, "drive_c", "windows", "system32")
	library := filepath.Join(system, "bcryptprimitives.dll")
	if _, err := os.Stat(library); err != nil {
		build := exec.Command(compiler, "-shared", "-o", library, "testdata/bcryptprimitives.c", "-ladvapi32")
		if out, err := build.CombinedOutput(); err != nil {
			t.Fatalf("%v: %s", err, out)
		}
	}
	w.bin = filepath.Join(prefix, "drive_c", "ragenv")
	build := exec.Command("go", "build", "-trimpath", "-ldflags", "-s -w", "-o", w.bin+"/", "./cmd/ragenv", "./cmd/docker-credential-ngc")
	build.Dir = "../.."
	build.Env = append(os.Environ(), "GOOS=windows", "GOARCH=amd64", "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return w
}

// path returns a file's path as the programs see it.
func (w *wine) path(name string) string {
	return `Z:` + strings.ReplaceAll(filepath.Join(w.dir, name), "/", `\`)
}

func (w *wine) write(name string, data []byte) string {
	w.t.Helper()
	if err := os.WriteFile(filepath.Join(w.dir, name), data, 0o600); err != nil {
		w.t.Fatal(err)
	}
	return w.path(name)
}

type command struct {
	w     *wine
	cmd   *exec.Cmd
	stdin []byte
}

func (w *wine) command(args ...string) *command {
	cmd := exec.Command(w.program, args...)
	cmd.Dir, cmd.Env = w.dir, w.env
	return &command{w: w, cmd: cmd}
}

// ragenv and helper return a command that runs one of the programs.
func (w *wine) ragenv(args ...string) *command {
	return w.command(append([]string{`C:\ragenv\ragenv.exe`}, args...)...)
}

func (w *wine) helper(action string) *command {
	return w.command(`C:\ragenv\docker-credential-ngc.exe`, action)
}

func (c *command) with(assignments ...string) *command {
	c.cmd.Env = append(c.cmd.Env[:len(c.cmd.Env):len(c.cmd.Env)], assignments...)
	return c
}

func (c *command) reads(stdin []byte) *command { c.stdin = stdin; return c }

// run returns the program's output, with Unix line breaks, and its exit code.
func (c *command) run() (stdout, stderr string, code int) {
	var out, errs bytes.Buffer
	c.cmd.Stdin, c.cmd.Stdout, c.cmd.Stderr = bytes.NewReader(c.stdin), &out, &errs
	_ = c.cmd.Run()
	text := func(b bytes.Buffer) string { return strings.ReplaceAll(b.String(), "\r\n", "\n") }
	return text(out), text(errs), c.cmd.ProcessState.ExitCode()
}

func (c *command) must(stdin []byte) string {
	c.w.t.Helper()
	stdout, stderr, code := c.reads(stdin).run()
	if code != 0 {
		c.w.t.Fatalf("%v: exit code %d: %s%s", c.cmd.Args[1:], code, stdout, stderr)
	}
	return stdout
}

// utf16le encodes text as Notepad and PowerShell 5 do.
func utf16le(text string) []byte {
	data := []byte{0xff, 0xfe}
	for _, unit := range utf16.Encode([]rune(text)) {
		data = append(data, byte(unit), byte(unit>>8))
	}
	return data
}

func TestWine(t *testing.T) {
	w := newWine(t)
	key := scripttest.NewKey()

	t.Run("set, get and the helper use one Credential Manager", func(t *testing.T) {
		w.ragenv("set", "NGC_API_KEY").must([]byte(key + "\r\n"))
		if got := strings.TrimSpace(w.ragenv("get", "NGC_API_KEY").must(nil)); got != key {
			t.Error("get printed another value")
		}
		if got := w.helper("get").must([]byte("nvcr.io")); !strings.Contains(got, `"Secret":"`+key+`"`) {
			t.Error("the helper answered with something else")
		}
		if got := w.ragenv("backend").must(nil); !strings.Contains(got, "* wincred") {
			t.Errorf("the backend is another one: %s", got)
		}
	})

	t.Run("a key in UTF-16 is stored as its text", func(t *testing.T) {
		w.ragenv("set", "OTHER_TOKEN").must(utf16le(key + "\r\n"))
		if got := strings.TrimSpace(w.ragenv("get", "OTHER_TOKEN").must(nil)); got != key {
			t.Error("get printed another value")
		}
	})

	t.Run("an env file in UTF-16 is imported", func(t *testing.T) {
		value := scripttest.NewKey()
		file := w.write("utf16.env", utf16le("IMPORTED_TOKEN="+value+"\r\n"))
		w.ragenv("import", file, "--only", "IMPORTED_TOKEN").must(nil)
		if got := strings.TrimSpace(w.ragenv("get", "IMPORTED_TOKEN").must(nil)); got != value {
			t.Error("get printed another value")
		}
	})

	t.Run("a passphrase file in UTF-16 opens the file backend", func(t *testing.T) {
		file := []string{"RAGENV_BACKEND=file", "RAGENV_PASSPHRASE_FILE=" + w.write("passphrase.txt", utf16le("some words\r\n"))}
		plain := []string{"RAGENV_BACKEND=file", "RAGENV_PASSPHRASE_FILE=" + w.write("plain.txt", []byte("some words\n"))}
		w.ragenv("set", "FILE_TOKEN").with(file...).must([]byte(key))
		if got := strings.TrimSpace(w.ragenv("get", "FILE_TOKEN").with(plain...).must(nil)); got != key {
			t.Error("get printed another value")
		}
	})

	t.Run("a command gets the key", func(t *testing.T) {
		got := w.ragenv("--", "cmd", "/c", "echo %NGC_API_KEY%").must(nil)
		if strings.TrimSpace(got) != key {
			t.Error("the command has another value")
		}
	})

	t.Run("the exit code of a command is passed on", func(t *testing.T) {
		if _, _, code := w.ragenv("--", "cmd", "/c", "exit 7").run(); code != 7 {
			t.Errorf("exit code %d", code)
		}
		if _, stderr, code := w.ragenv("--", "no-such-program").run(); code != 127 {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})

	t.Run("a command ends with ragenv", func(t *testing.T) { endsWithRagenv(t, w) })

	t.Run("docker configure, status and doctor speak PowerShell", func(t *testing.T) {
		w.ragenv("docker", "configure").must(nil)
		config, err := filepath.Glob(filepath.Join(w.dir, "prefix/drive_c/users/*/.docker/config.json"))
		if err != nil || len(config) != 1 {
			t.Fatalf("%v, %v", config, err)
		}
		if data, err := os.ReadFile(config[0]); err != nil || !bytes.Contains(data, []byte(`"nvcr.io": "ngc"`)) {
			t.Errorf("%s, %v", data, err)
		}
		stdout, stderr, _ := w.ragenv("doctor", "--verbose").run()
		text := stdout + stderr
		if !strings.Contains(text, "$env:PATH = 'C:\\ragenv;' + $env:PATH") {
			t.Errorf("no hint for PATH: %s", text)
		}
		if posix := regexp.MustCompile(`hint: .*(export |unset |chmod |sudo |EDITOR|XDG_|sh -c)`).FindString(text); posix != "" {
			t.Errorf("a hint of another system: %s", posix)
		}
		if stdout, stderr, _ := w.ragenv("doctor").with(`PATH=C:\ragenv;C:\windows\system32`, `WINEPATH=C:\ragenv`).run(); strings.Contains(stdout+stderr, "not on PATH, so Docker") {
			t.Errorf("the helper is on PATH: %s%s", stdout, stderr)
		}
	})

	t.Run("Ctrl-C at a hidden prompt ends it", func(t *testing.T) {
		typed := "nvapi-" + strings.Repeat("typed", 4)
		screen, code := w.atTerminal([]string{"set", "PROMPT_TOKEN"}, "(hidden):", typed, "\x03")
		if code != 130 {
			t.Errorf("exit code %d: %q", code, screen)
		}
		if strings.Contains(screen, "typed") {
			t.Errorf("what was typed is on the screen: %q", screen)
		}
	})

	t.Run("a key typed at the prompt is stored and not shown", func(t *testing.T) {
		screen, code := w.atTerminal([]string{"set", "PROMPT_TOKEN"}, "(hidden):", key, "\r")
		if code != 0 || strings.Contains(screen, key[:20]) {
			t.Errorf("exit code %d, or the key is on the screen", code)
		}
		if got := strings.TrimSpace(w.ragenv("get", "PROMPT_TOKEN").must(nil)); got != key {
			t.Error("get printed another value")
		}
	})

	t.Run("a wrong name of a key has a hint", func(t *testing.T) {
		_, stderr, code := w.ragenv("get", "NO_SUCH").run()
		if code != 1 || !strings.Contains(stderr, "error: ") || !strings.Contains(stderr, "hint: ") {
			t.Errorf("exit code %d: %s", code, stderr)
		}
	})
}

// endsWithRagenv kills ragenv and checks that the command it started ends, too.
func endsWithRagenv(t *testing.T, w *wine) {
	const sign = "ragenv-test-sleeper"
	c := w.ragenv("--", "cmd", "/c", "ping -n 120 127.0.0.1 >NUL & rem "+sign)
	if err := c.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	defer func() { _ = c.cmd.Process.Kill(); _ = c.cmd.Wait() }()
	until(t, "the command runs", func() bool { return len(w.processes("cmd", sign)) > 0 })
	for _, pid := range w.processes("ragenv.exe", sign) {
		if process, err := os.FindProcess(pid); err == nil {
			_ = process.Kill()
		}
	}
	until(t, "the command has ended", func() bool { return len(w.processes("cmd", sign)) == 0 })
}

// processes returns the IDs of the processes in this Windows whose command line starts with the program and
// contains text.
func (w *wine) processes(program, text string) (pids []int) {
	dirs, _ := filepath.Glob("/proc/[0-9]*")
	for _, dir := range dirs {
		line, err := os.ReadFile(filepath.Join(dir, "cmdline"))
		if err != nil || !bytes.Contains(line, []byte(text)) {
			continue
		}
		first, _, _ := strings.Cut(string(line), "\x00")
		name := strings.ToLower(first[strings.LastIndexAny(first, `/\`)+1:])
		environ, err := os.ReadFile(filepath.Join(dir, "environ"))
		if strings.TrimSuffix(name, ".exe") != strings.TrimSuffix(program, ".exe") || err != nil || !bytes.Contains(environ, []byte(w.dir)) {
			continue
		}
		var pid int
		if _, err := fmt.Sscan(filepath.Base(dir), &pid); err == nil {
			pids = append(pids, pid)
		}
	}
	return pids
}

func until(t testing.TB, what string, reached func() bool) {
	t.Helper()
	for end := time.Now().Add(patience); !reached(); time.Sleep(50 * time.Millisecond) {
		if time.Now().After(end) {
			t.Fatalf("not within %s: %s", patience, what)
		}
	}
}

// atTerminal runs ragenv on a terminal and types the keys once the prompt appears. It returns the screen
// and the exit code.
func (w *wine) atTerminal(args []string, prompt string, keys ...string) (screen string, code int) {
	w.t.Helper()
	c := w.ragenv(args...)
	terminal, err := pty.Start(c.cmd)
	if err != nil {
		w.t.Fatal(err)
	}
	defer func() { _ = terminal.Close() }()
	stop := time.AfterFunc(patience, func() { _ = c.cmd.Process.Kill() })
	defer stop.Stop()
	var seen bytes.Buffer
	buffer := make([]byte, 4096)
	for {
		n, err := terminal.Read(buffer)
		seen.Write(buffer[:n])
		if len(keys) > 0 && strings.Contains(seen.String(), prompt) {
			until(w.t, "Wine's console has turned off this terminal's echo", func() bool {
				modes, err := unix.IoctlGetTermios(int(terminal.Fd()), unix.TCGETS)
				return err == nil && modes.Lflag&unix.ECHO == 0
			})
			for _, key := range keys {
				if _, err := terminal.WriteString(key); err != nil {
					w.t.Fatal(err)
				}
				time.Sleep(300 * time.Millisecond) // Wine's console reads keys that arrive at once as a paste
			}
			keys = nil
		}
		if err != nil {
			break
		}
	}
	_ = c.cmd.Wait()
	return seen.String(), c.cmd.ProcessState.ExitCode()
}
