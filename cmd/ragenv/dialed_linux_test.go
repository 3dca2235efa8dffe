package main

import (
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// Configurations that name one backend when the program starts and another when they are parsed, as a
// migration in between does.
const (
	namedLate         = "notes = \"\"\"\nbackend = \"file\"\n\"\"\"\nbackend = \"secret-service\"\n" // at the start, it is read by lines
	namedWhileReading = `backend = "file"
[sources.default.NGC_API_KEY]
command = ["sh", "-c", "echo backend = '\"secret-service\"' >~/.config/ragenv/config.toml; echo nvapi-no-key"]
`
)

// TestNothingIsDialed uses strace to check that commands without need of the session bus neither connect
// nor run anything, and that another user's configuration causes neither.
func TestNothingIsDialed(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("the program strace is not installed")
	}
	if out, err := exec.Command(strace, "-o", os.DevNull, "true").CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %v: %s", err, out)
	}
	dir := t.TempDir()
	socket := filepath.Join(dir, "bus")
	bus, err := net.Listen("unix", socket)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = bus.Close() }()
	go func() { // it accepts and hangs up
		for {
			conn, err := bus.Accept()
			if err != nil {
				return
			}
			_ = conn.Close()
		}
	}()
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Ragenv))
	for _, c := range []struct {
		name, args, config string
		owner              int
		dials              bool
	}{
		{"version", "ragenv --version", "backend = \"secret-service\"\n", 0, false},
		{"get from the file backend", "ragenv get NGC_API_KEY", "backend = \"file\"\n", 0, false},
		{"the helper, from the file backend", "docker-credential-ngc get", "backend = \"file\"\n", 0, false},
		{"a config.toml of another user", "docker-credential-ngc get", "backend = \"secret-service\"\n", 1234, false},
		{"one that names pass", "docker-credential-ngc get", "backend = \"pass\"\n", 1234, false},
		{"a backend that needs the bus", "ragenv get NGC_API_KEY", "backend = \"secret-service\"\n", 0, true}, // proves that the others can fail
		{"one that is named after the start", "ragenv get NGC_API_KEY", namedLate, 0, true},
		{"one that is named while the keys are read", "ragenv get NGC_API_KEY", namedWhileReading, 0, true},
		{"the helper for it", "docker-credential-ngc get", "backend = \"secret-service\"\n", 0, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.owner != 0 && os.Geteuid() != 0 {
				t.Skip("only root gives files away")
			}
			env, err := scripttest.Environ(t.TempDir())
			if err != nil {
				t.Fatal(err)
			}
			home, _ := strings.CutPrefix(env[0], "HOME=")
			path := filepath.Join(home, ".config", "ragenv", "config.toml")
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(c.config), 0o600); err != nil {
				t.Fatal(err)
			}
			if c.owner != 0 {
				if err := os.Chown(path, c.owner, c.owner); err != nil {
					t.Fatal(err)
				}
			}
			trace := filepath.Join(t.TempDir(), "trace")
			args := strings.Fields(c.args)
			args[0] = filepath.Join(bin, args[0])
			cmd := exec.Command(strace, append([]string{"-f", "-e", "trace=connect,execve", "-o", trace, "--"}, args...)...)
			cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "DBUS_SESSION_BUS_ADDRESS=unix:path="+socket)
			cmd.Stdin = strings.NewReader("nvcr.io")
			out, _ := cmd.CombinedOutput()
			text, err := os.ReadFile(trace)
			if err != nil {
				t.Fatal(err)
			}
			dialed := strings.Contains(string(text), "connect(")
			execs := strings.Count(string(text), "execve(")
			if dialed != c.dials {
				t.Errorf("connects is %v, want %v:\n%s\n%s", dialed, c.dials, text, out)
			}
			if !c.dials && execs != 1 {
				t.Errorf("%d programs were run:\n%s", execs, text)
			}
			if c.owner != 0 && !strings.Contains(string(out), "belongs to user 1234") {
				t.Errorf("it says: %s", out)
			}
		})
	}
}
