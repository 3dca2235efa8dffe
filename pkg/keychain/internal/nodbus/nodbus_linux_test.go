package nodbus

import (
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

func init() { Started() } // the library is not linked here

func TestDiscover(t *testing.T) {
	dir := t.TempDir()
	session := filepath.Join(dir, "dbus-session")
	if got := discover(filepath.Join(dir, "missing")); got != disabled {
		t.Errorf("without a runtime directory: %q", got)
	}
	for text, want := range map[string]string{
		variable + "=unix:abstract=/tmp/dbus-x,guid=1\n":   "unix:abstract=/tmp/dbus-x,guid=1",
		variable + "=unix:abstract=/tmp/dbus-x,guid=1\r\n": "unix:abstract=/tmp/dbus-x,guid=1",
		variable + "=unix:path=/tmp/x":                     "unix:path=/tmp/x",
		variable + "=autolaunch:\n":                        disabled,
		variable + "=\n":                                   disabled,
		variable + "=":                                     disabled,
		variable:                                           disabled,
		"":                                                 disabled,
		"export " + variable + "=unix:path=/tmp/x":         disabled,
	} {
		if err := os.WriteFile(session, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := discover(dir); got != want {
			t.Errorf("dbus-session %q: %q, want %q", text, got, want)
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "bus"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	if got, want := discover(dir), "unix:path="+dir+"/bus"; got != want {
		t.Errorf("with a socket: %q, want %q", got, want)
	}
}

// TestMain removes the programs of build.
func TestMain(m *testing.M) {
	code := m.Run()
	if programs != "" {
		_ = os.RemoveAll(programs)
	}
	os.Exit(code)
}

// programs is the directory of the compiled programs, or empty.
var programs string

// build returns the path of one of the programs in testdata, which are compiled once for all tests.
func build(t *testing.T, program string) string {
	t.Helper()
	if err := compiled(); err != nil {
		t.Fatal(err)
	}
	return filepath.Join(programs, program)
}

var compiled = sync.OnceValue(func() (err error) {
	if programs, err = os.MkdirTemp("", "nodbus-test-*"); err != nil {
		return err
	}
	cmd := exec.Command("go", "build", "-ldflags=-s -w", "-o", programs, "./testdata/guarded", "./testdata/unguarded")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("go build: %w\n%s", err, out)
	}
	return nil
})

// fakeLaunch creates a directory with a dbus-launch that creates a marker file, and returns both.
func fakeLaunch(t *testing.T) (dir, marker string) {
	t.Helper()
	dir = t.TempDir()
	marker = filepath.Join(dir, "launched")
	script := "#!/bin/sh\n: >'" + marker + "'\necho " + variable + "=unix:path=" + dir + "/none\n"
	if err := os.WriteFile(filepath.Join(dir, "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	return dir, marker
}

func run(t *testing.T, binary string, env []string) (out string) {
	t.Helper()
	cmd := exec.Command(binary)
	cmd.Env = env
	text, err := cmd.Output()
	if err != nil {
		t.Fatalf("%s: %v", filepath.Base(binary), err)
	}
	return string(text)
}

// The environments in which the library starts a daemon, or might.
var launching = map[string][]string{
	"unset":      nil,
	"empty":      {variable + "="},
	"autolaunch": {variable + "=autolaunch:"},
}

func TestDBusIsNeverLaunched(t *testing.T) {
	guarded := build(t, "guarded")
	for name, settings := range launching {
		for _, user := range [][]string{nil, {"USER=somebody", "HOME=/nonexistent"}} {
			dir, marker := fakeLaunch(t)
			env := slices.Concat([]string{"FIRST=1", "PATH=" + dir}, settings, user, []string{"LAST=1"})
			out := run(t, guarded, env)
			if _, err := os.Stat(marker); err == nil {
				t.Errorf("%s, user %v: dbus-launch was run", name, user)
			}
			if got := strings.Split(strings.TrimSuffix(out, "\n"), "\n"); !slices.Equal(got, env) {
				t.Errorf("%s: a command would get the environment %q, the caller's was %q", name, got, env)
			}
		}
	}
}

// Without the guard the library runs dbus-launch, so the test above can fail.
func TestTheLibraryAloneLaunchesDBus(t *testing.T) {
	if address := discover("/run/user/" + strconv.Itoa(os.Getuid())); address != disabled {
		t.Skip("this user has a session bus in /run/user, which the library would find")
	}
	unguarded := build(t, "unguarded")
	for name, settings := range launching {
		dir, marker := fakeLaunch(t)
		run(t, unguarded, slices.Concat([]string{"PATH=" + dir}, settings))
		if _, err := os.Stat(marker); err != nil {
			t.Errorf("%s: the library no longer runs dbus-launch: this package may be needless", name)
		}
	}
}

// The library uses the bus named by the caller, and the variable is unchanged.
func TestTheCallersBusIsUsed(t *testing.T) {
	dir, marker := fakeLaunch(t)
	socket := filepath.Join(dir, "s")
	listener, err := net.ListenUnix("unix", &net.UnixAddr{Name: socket, Net: "unix"})
	if err != nil {
		t.Skipf("no socket here: %v", err)
	}
	defer listener.Close()
	dialled := make(chan struct{}, 16)
	go func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			dialled <- struct{}{}
			_ = conn.Close()
		}
	}()
	env := []string{"PATH=" + dir, variable + "=unix:path=" + socket}
	out := run(t, build(t, "guarded"), env)
	if got := strings.Split(strings.TrimSuffix(out, "\n"), "\n"); !slices.Equal(got, env) {
		t.Errorf("a command would get the environment %q, the caller's was %q", got, env)
	}
	select {
	case <-dialled:
	case <-time.After(time.Minute):
		t.Error("the library did not dial the caller's bus")
	}
	if _, err := os.Stat(marker); err == nil {
		t.Error("dbus-launch was run")
	}
}

// TestNoBusWithoutNeed checks that nothing is dialed if a run needs no bus, or if its bus is not a Unix
// socket of this user.
func TestNoBusWithoutNeed(t *testing.T) {
	config := t.TempDir()
	if err := os.MkdirAll(filepath.Join(config, "ragenv"), 0o700); err != nil {
		t.Fatal(err)
	}
	getenv := func(backend string) func(string) string {
		return func(name string) string {
			return map[string]string{"XDG_CONFIG_HOME": config, "RAGENV_BACKEND": backend}[name]
		}
	}
	for _, c := range []struct {
		args          string
		file, backend string // the backends in config.toml and $RAGENV_BACKEND
		want          bool
	}{
		{"ragenv --version", "", "", false},
		{"ragenv -- docker compose up", "", "", false},
		{"ragenv list", "file", "", false},
		{"ragenv set NGC_API_KEY", "file", "", false},
		{"ragenv set NGC_API_KEY", "pass", "", false},
		{"ragenv set NGC_API_KEY", "", "", true},
		{"ragenv set NGC_API_KEY", "secret-service", "file", false},
		{"ragenv -- backend", "file", "", false},
		{"ragenv --version", "secret-service", "", false},
		{"ragenv list", "secret-service", "", true},
		{"ragenv list", "", "kwallet", true},
		{"ragenv backend", "file", "", true},
		{"ragenv -q doctor", "file", "", true},
		{"/tmp/library-user", "file", "", true},
		{"/usr/bin/docker-credential-ngc get", "", "", false},
		{"/usr/bin/docker-credential-ngc store", "", "", true},
		{"/usr/bin/docker-credential-ngc get", "secret-service", "", true},
	} {
		text := "profile = \"x\"\n"
		if c.file != "" {
			text += "backend = \"" + c.file + "\" # pinned\n"
		}
		if err := os.WriteFile(filepath.Join(config, "ragenv", "config.toml"), []byte(text+"[aliases]\nbackend = \"kwallet\"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
		if got := wanted(strings.Fields(c.args), getenv(c.backend)); got != c.want {
			t.Errorf("%s, with %q in the file and %q in the environment: %v", c.args, c.file, c.backend, got)
		}
	}
	for addresses, want := range map[string]string{
		"unix:path=/nonexistent/bus":                         "unix:path=/nonexistent/bus",
		"unix:abstract=/tmp/x,guid=1":                        "unix:abstract=/tmp/x,guid=1",
		"tcp:host=localhost,port=1":                          "",
		"tcp:host=localhost,port=1;unix:path=/nonexistent/b": "unix:path=/nonexistent/b",
		"unixexec:path=/bin/sh":                              "",
		"nonce-tcp:host=localhost":                           "",
		disabled:                                             "",
	} {
		if got := local(addresses); got != want {
			t.Errorf("%s: %q, want %q", addresses, got, want)
		}
	}
	if os.Geteuid() == 0 {
		foreign := filepath.Join(t.TempDir(), "bus")
		if err := os.WriteFile(foreign, nil, 0o600); err != nil {
			t.Fatal(err)
		}
		if err := os.Chown(foreign, 1234, 1234); err != nil {
			t.Fatal(err)
		}
		if got := local("unix:path=" + foreign); got != "" {
			t.Errorf("another user's socket: %q", got)
		}
	}
}

// A TCP bus is never dialed.
func TestTCPIsNotDialed(t *testing.T) {
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Skip(err)
	}
	defer func() { _ = listener.Close() }()
	dialed := make(chan string, 1) // by whom first
	go func() {
		conn, err := listener.Accept()
		if err != nil {
			dialed <- err.Error()
			return
		}
		dialed <- conn.RemoteAddr().String()
		_ = conn.Close()
	}()
	_, port, _ := net.SplitHostPort(listener.Addr().String())
	env := []string{variable + "=tcp:host=127.0.0.1,port=" + port}
	if got := strings.Split(strings.TrimSuffix(run(t, build(t, "guarded"), env), "\n"), "\n"); !slices.Equal(got, env) {
		t.Errorf("a command would get %q", got)
	}
	// The program has ended, so a connection of it would be in the listener's queue before this one.
	conn, err := net.Dial("tcp", listener.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()
	if first := <-dialed; first != conn.LocalAddr().String() {
		t.Errorf("the address was dialed first by %s, this test is %s", first, conn.LocalAddr())
	}
}

// A bus that never answers ends the program with a message instead of blocking it.
func TestASilentBusEndsTheProgram(t *testing.T) {
	dir := t.TempDir()
	listener, err := net.Listen("unix", filepath.Join(dir, "bus"))
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = listener.Close() }()
	cmd := exec.Command(build(t, "guarded"))
	cmd.Env = []string{variable + "=unix:path=" + filepath.Join(dir, "bus")}
	var stderr strings.Builder
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err == nil || len(out) != 0 {
		t.Fatalf("the program went on: %q, %v", out, err)
	}
	for _, want := range []string{"ragenv: error: the D-Bus session bus does not answer", "ragenv: hint: export " + variable + "=" + disabled} {
		if !strings.Contains(stderr.String(), want) {
			t.Errorf("it said %q, want %q in it", stderr.String(), want)
		}
	}
}
