//go:build unix

package execve

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// childVariable makes this test binary run its arguments and print the error if that fails.
const childVariable = "RAGENV_EXECVE_TEST_CHILD"

func TestMain(m *testing.M) {
	if os.Getenv(childVariable) != "" {
		env := slices.DeleteFunc(os.Environ(), func(s string) bool { return strings.HasPrefix(s, childVariable+"=") })
		code, err := Run(os.Args[1:], env)
		fmt.Fprintln(os.Stderr, err)
		os.Exit(code)
	}
	os.Exit(m.Run())
}

// command returns a command that calls Run with argv in another process.
func command(t *testing.T, argv ...string) *exec.Cmd {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(self, argv...)
	cmd.Env = append(os.Environ(), childVariable+"=1")
	cmd.Stderr = new(bytes.Buffer)
	return cmd
}

func output(t *testing.T, cmd *exec.Cmd) string {
	t.Helper()
	out, err := cmd.Output()
	if err != nil {
		t.Fatalf("%v: %v", err, cmd.Stderr)
	}
	return strings.TrimSuffix(string(out), "\n")
}

func TestTheCommandTakesThisProcessesPlace(t *testing.T) {
	cmd := command(t, "sh", "-c", "echo $$ $PPID")
	out := output(t, cmd)
	if want := fmt.Sprint(cmd.Process.Pid, " ", os.Getpid()); out != want {
		t.Errorf("the command's process id and parent are %s, want %s", out, want)
	}
}

func TestExitStatus(t *testing.T) {
	for _, code := range []int{0, 1, 7, 125, 126, 127, 255} {
		cmd := command(t, "sh", "-c", "exit "+strconv.Itoa(code))
		if _ = cmd.Run(); cmd.ProcessState.ExitCode() != code {
			t.Errorf("exit %d: %v", code, cmd.ProcessState)
		}
	}
}

func TestSignalsEndTheCommand(t *testing.T) {
	for name, number := range map[string]syscall.Signal{
		"HUP": syscall.SIGHUP, "INT": syscall.SIGINT, "QUIT": syscall.SIGQUIT, "TERM": syscall.SIGTERM, "PIPE": syscall.SIGPIPE, "USR1": syscall.SIGUSR1,
	} {
		t.Run(name, func(t *testing.T) {
			if signal.Ignored(number) {
				t.Skipf("the parent of the tests ignores SIG%s, and so does the command", name)
			}
			cmd := command(t, "sh", "-c", "ulimit -c 0; kill -"+name+" $$; echo survived")
			cmd.Dir = t.TempDir()
			_ = cmd.Run()
			if status := cmd.ProcessState.Sys().(syscall.WaitStatus); !status.Signaled() || status.Signal() != number {
				t.Errorf("SIG%s: %v", name, cmd.ProcessState)
			}
		})
	}
}

// As with nohup, signals that the caller ignores stay ignored.
func TestIgnoredSignalsStayIgnored(t *testing.T) {
	inner := command(t)
	cmd := exec.Command("sh", "-c", `trap "" HUP; exec "$0" sh -c 'kill -HUP $$; echo survived'`, inner.Path)
	cmd.Env = inner.Env
	if out := output(t, cmd); out != "survived" {
		t.Errorf("got %q", out)
	}
}

func TestDescriptorsAreInherited(t *testing.T) {
	read, write, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "sh", "-c", "read line; echo $line >&3; echo err >&2")
	cmd.Stdin = strings.NewReader("through standard input\n")
	cmd.ExtraFiles = []*os.File{write}
	if out := output(t, cmd); out != "" {
		t.Errorf("standard output: %q", out)
	}
	_ = write.Close()
	if got, err := io.ReadAll(read); string(got) != "through standard input\n" {
		t.Errorf("descriptor 3: %q, %v", got, err)
	}
	if got := fmt.Sprint(cmd.Stderr); got != "err\n" {
		t.Errorf("standard error: %q", got)
	}
}

func TestNoDescriptorIsAdded(t *testing.T) {
	const list = "/proc/self/fd"
	if _, err := os.Stat(list); err != nil {
		t.Skipf("the open descriptors cannot be listed: %v", err)
	}
	direct := exec.Command("ls", list)
	direct.Stderr = new(bytes.Buffer)
	if got, want := output(t, command(t, "ls", list)), output(t, direct); got != want {
		t.Errorf("the command has the descriptors %q, started directly %q", got, want)
	}
}

// Go raises its own soft limit, but the command gets the caller's.
func TestTheLimitOfOpenFilesIsTheCallers(t *testing.T) {
	inner := command(t)
	cmd := exec.Command("sh", "-c", `ulimit -Sn 77 && exec "$0" sh -c 'ulimit -Sn'`, inner.Path)
	cmd.Env = inner.Env
	if out := output(t, cmd); out != "77" {
		t.Errorf("the command's soft limit is %s, want 77", out)
	}
}

func TestArgumentsEnvironmentAndDirectory(t *testing.T) {
	dir, err := filepath.EvalSymlinks(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	cmd := command(t, "sh", "-c", `printf '%s|' "$0" "$@" "$ODD"; pwd -P`, "zero", "a b", "", "*", "--", "-x\n")
	cmd.Dir = dir
	cmd.Env = append(cmd.Env, "ODD= =\n'\"")
	if out, want := output(t, cmd), "zero|a b||*|--|-x\n| =\n'\"|"+dir; out != want {
		t.Errorf("got %q, want %q", out, want)
	}
	if out := output(t, command(t, "sh", "-c", "echo $0")); out != "sh" {
		t.Errorf("argv[0] is %q, want it as it was given", out)
	}
}

// The new environment's PATH is searched or, without one, the system's default.
func TestPath(t *testing.T) {
	dir := t.TempDir()
	script(t, dir, "tool", "#!/bin/sh\necho tool\n", 0o700)
	cmd := command(t, "tool")
	cmd.Env = []string{childVariable + "=1", "PATH=" + dir}
	if out := output(t, cmd); out != "tool" {
		t.Errorf("got %q", out)
	}
	cmd = command(t, "sh", "-c", "echo default")
	cmd.Env = []string{childVariable + "=1"}
	if out := output(t, cmd); out != "default" {
		t.Errorf("without PATH: %q", out)
	}
	// Files that cannot be executed and directories are skipped for later matches.
	first := t.TempDir()
	script(t, first, "tool", "#!/bin/sh\necho wrong\n", 0o600)
	second := t.TempDir()
	if err := os.Mkdir(filepath.Join(second, "tool"), 0o700); err != nil {
		t.Fatal(err)
	}
	if path, err := find("tool", first+":"+second+":"+dir); path != filepath.Join(dir, "tool") || err != nil {
		t.Errorf("%s, %v", path, err)
	}
}

func script(t *testing.T, dir, name, text string, mode os.FileMode) string {
	t.Helper()
	path := filepath.Join(dir, name)
	if err := os.WriteFile(path, []byte(text), mode); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestWhatCannotBeStarted(t *testing.T) {
	dir := t.TempDir()
	t.Chdir(dir)
	script(t, dir, "here", "#!/bin/sh\n", 0o700)
	script(t, dir, "plain", "#!/bin/sh\n", 0o600)
	if err := os.Mkdir(filepath.Join(dir, "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	path := os.Getenv("PATH")
	for name, c := range map[string]struct {
		command, path string
		want          error
		code          int
		hint          string
	}{
		"no such name":           {"no-such-command", path, ErrNotFound, 127, "PATH"},
		"no such file":           {dir + "/none", path, ErrNotFound, 127, "PATH"},
		"empty":                  {"", path, ErrNotFound, 127, "PATH"},
		"empty PATH":             {"sh", "", ErrNotFound, 127, "PATH"},
		"a folder in PATH":       {"folder", dir, ErrNotFound, 127, "PATH"},
		"the current directory":  {"here", ".:" + path, ErrRelative, 126, "./here"},
		"an empty entry of PATH": {"here", "/nonexistent::" + path, ErrRelative, 126, "./here"},
		"not executable":         {"./plain", path, ErrPermission, 126, "chmod +x ./plain"},
		"not executable in PATH": {"plain", dir, ErrPermission, 126, "chmod +x " + dir + "/plain"},
		"a directory":            {"./folder", path, ErrDirectory, 126, ""},
		"no #! line":             {script(t, dir, "bare", "echo run by a shell after all\n", 0o700), path, ErrFormat, 126, "#!/bin/sh"},
		"an empty file":          {script(t, dir, "empty", "", 0o700), path, ErrFormat, 126, "#!/bin/sh"},
		"no interpreter":         {script(t, dir, "crlf", "#!/bin/sh\r\necho\r\n", 0o700), path, ErrInterpreter, 126, "CR LF"},
		"under a file":           {"./plain/x", path, syscall.ENOTDIR, 126, ""},
	} {
		t.Run(name, func(t *testing.T) {
			code, err := Run([]string{c.command}, []string{"PATH=" + c.path})
			var typed *Error
			if !errors.Is(err, c.want) || !errors.As(err, &typed) || code != c.code || typed.ExitCode() != c.code {
				t.Fatalf("%d, %v; want %d, %v", code, err, c.code, c.want)
			}
			if hint := typed.Hint(); !strings.Contains(hint, c.hint) || (hint == "") != (c.hint == "") {
				t.Errorf("hint %q, want %q in it", hint, c.hint)
			}
			if !strings.Contains(err.Error(), strconv.Quote(c.command)) {
				t.Errorf("the error does not name the command: %v", err)
			}
		})
	}
}

func TestTooLarge(t *testing.T) {
	// 16 MB: Linux accepts at most 6 MiB, macOS 1 MiB.
	env := []string{"PATH=" + os.Getenv("PATH")}
	for i := range 4000 {
		env = append(env, fmt.Sprintf("FILLER%d=%s", i, strings.Repeat("x", 4000)))
	}
	code, err := Run([]string{"sh", "-c", "exit 3"}, env)
	if code != 126 || !errors.Is(err, ErrTooLarge) {
		t.Fatalf("%d, %v", code, err)
	}
	if strings.Contains(err.Error(), "FILLER") {
		t.Error("the error holds the environment")
	}
}
