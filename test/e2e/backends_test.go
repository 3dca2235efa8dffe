package e2e

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

func testBackends(t *testing.T) {
	step(t, "migrate between file, pass, keyctl and secret-service, pull after each", testMigration)
	step(t, "locked backends fail at once", testLockedBackends)
	step(t, "no D-Bus daemon is started", testNoDaemon)
}

// need skips the test unless all the programs are installed.
func (h *home) need(programs ...string) {
	h.t.Helper()
	for _, program := range programs {
		if _, err := h.lookPath(program); err != nil {
			skip(h.t, "needs "+program+": test/worlds/clients gnome-keyring pass keyctl")
		}
	}
}

// runtimeDir creates a directory in the world's own /run, so that its path is short enough for sockets
// (unix(7)).
func (h *home) runtimeDir() string {
	h.t.Helper()
	dir, err := os.MkdirTemp("/run", "e2e")
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() { _ = os.RemoveAll(dir) })
	return dir
}

// withDesktop returns the home in a session bus with an unlocked GNOME Keyring. Both end with the test.
func (h *home) withDesktop() *home {
	h.t.Helper()
	h.need("dbus-daemon", "dbus-send", "gnome-keyring-daemon")
	h = h.with("XDG_RUNTIME_DIR=" + h.runtimeDir())
	path, err := h.lookPath("dbus-daemon")
	if err != nil {
		h.t.Fatal(err)
	}
	bus := exec.Command(path, "--session", "--nofork", "--nopidfile", "--print-address=1")
	bus.Dir, bus.Env = h.dir, h.env
	stdout, err := bus.StdoutPipe()
	if err == nil {
		err = bus.Start()
	}
	if err != nil {
		h.t.Fatal(err)
	}
	h.t.Cleanup(func() {
		_ = bus.Process.Kill()
		_ = bus.Wait()
	})
	address, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		h.t.Fatalf("the session bus does not start: %v", err)
	}
	h = h.with("DBUS_SESSION_BUS_ADDRESS=" + strings.TrimSpace(address))
	h.run("desktop password", "gnome-keyring-daemon", "--daemonize", "--unlock", "--components=secrets").ok()
	return h
}

// lockDesktop locks the keyring, as the user or a screen saver would.
func (h *home) lockDesktop() {
	h.t.Helper()
	h.run("", "dbus-send", "--session", "--print-reply", "--dest=org.freedesktop.secrets", "/org/freedesktop/secrets",
		"org.freedesktop.Secret.Service.Lock", "array:objpath:/org/freedesktop/secrets/collection/login").ok()
}

// withPass returns the home with a password store. Its gpg key has the passphrase, which may be empty.
func (h *home) withPass(passphrase string) *home {
	h.t.Helper()
	h.need("pass", "gpg", "gpgconf")
	h = h.with("GNUPGHOME=" + h.runtimeDir())
	h.t.Cleanup(func() { h.run("", "gpgconf", "--kill", "all").ok() })
	h.run(passphrase, "gpg", "--batch", "--quiet", "--pinentry-mode=loopback", "--passphrase-fd=0", "--quick-generate-key", "e2e", "future-default", "default").ok()
	h.run("", "pass", "init", "e2e").ok()
	return h
}

func testMigration(t *testing.T) {
	h := newHome(t).withDesktop().withPass("")
	key, password := h.acceptedKey(), h.secret(secondPassword(t))
	h.newStoreIn("file")
	h.ragenv("docker", "configure", "--store").ok()
	h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
	h.run(password, "docker", "login", "--username", registry.SecondUser, "--password-stdin", registry.Second).ok()

	works := func(backend string) {
		t.Helper()
		if backend == "secret-service" || backend == "pass" || backend == "file" {
			h.ragenv("backend").ok().says("* "+backend+" ", "usable")
		}
		h.reveal("", "ragenv", "get", "NGC_API_KEY").ok().is(key)
		h.wantListed("NGC_API_KEY", "alice@"+registry.Second)
		forgetRequests(t)
		h.pulls(nimImage)
		wantKeyUsed(t)
		h.pulls(secondImage)
		h.config()
	}
	works("file")
	route := []string{"file", "secret-service", "pass", "file"}
	if h.lendKeyring() {
		route = []string{"file", "secret-service", "pass", "keyctl", "file"}
	}
	for i, to := range route[1:] {
		from := route[i]
		args := []string{"backend", "migrate", from, to}
		if to == "keyctl" { // a reboot empties it
			args = append(args, "--force")
		}
		h.ragenv(args...).ok().says("copied and read back", "2 items moved from the "+from+" backend to the "+to+" backend")
		works(to)
		h.with("RAGENV_BACKEND="+from).ragenv("get", "NGC_API_KEY").fails(1).says("NGC_API_KEY")
	}

	// Switching the backend moves no keys, so Docker has none. Migrating back fixes that.
	h.ragenv("backend", "use", "secret-service").ok().says("warning: 2 items in the file backend are no longer used", "hint: ragenv backend migrate file secret-service")
	h.docker("pull", nimImage).fails(1).says("hint: ragenv set NGC_API_KEY\n")
	h.ragenv("backend", "migrate", "file", "secret-service", "--keep").ok().says("2 items in both backends")
	works("secret-service")
	h.with("RAGENV_BACKEND=file").pulls(nimImage)
}

// lendKeyring reports whether the test may use the keyctl backend. The world shares the kernel's keyring
// with the machine, so a keyring that has something in it is not used.
func (h *home) lendKeyring() bool {
	h.t.Helper()
	if _, err := h.lookPath("keyctl"); err != nil || h.run("", "keyctl", "rlist", "@u").code != 0 {
		return false
	}
	ring := func() string {
		return strings.TrimSpace(h.run("", "keyctl", "search", "@u", "keyring", "ragenv").stdout)
	}
	if id := ring(); id != "" && strings.TrimSpace(h.run("", "keyctl", "rlist", id).stdout) != "" {
		return false
	}
	h.t.Cleanup(func() { h.run("", "keyctl", "unlink", ring(), "@u").ok() })
	return true
}

// newStoreIn creates a store in the named backend, since the desktop would choose another.
func (h *home) newStoreIn(backend string) {
	h.t.Helper()
	h.ragenv("setup", "--yes", "--no-passphrase", "--backend", backend).ok()
}

func testLockedBackends(t *testing.T) {
	for _, backend := range []string{"secret-service", "pass"} {
		step(t, backend, func(t *testing.T) {
			h := newHome(t)
			if backend == "pass" {
				h = h.withPass("a passphrase that nobody types")
			} else {
				h = h.withDesktop()
			}
			key := h.acceptedKey()
			h.newStoreIn(backend)
			h.ragenv("docker", "configure", "--store").ok()
			h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
			if backend == "pass" {
				h.run("", "gpgconf", "--kill", "gpg-agent").ok()
			} else {
				h.lockDesktop()
			}
			h.docker("pull", nimImage).fails(1).says("error: NGC_API_KEY: the keychain is locked", "hint: ragenv unlock\n")
			wantAnonymous(t)
			h.ragenv("get", "NGC_API_KEY").fails(1).says("hint: ragenv unlock\n")
			h.ragenv("--", "docker", "ps").fails(125).says("hint: ragenv unlock\n")
			h.docker("pull", hubImage).ok() // another registry's pull still works
		})
	}
}

func testNoDaemon(t *testing.T) {
	h := newHome(t)
	h.need("dbus-daemon")
	// Stands in for dbus-launch and records each call.
	launched := h.path("launched")
	script := "#!/bin/sh\necho x >>'" + launched + "'\nexec dbus-daemon --session --fork --print-address=1 --print-pid=1\n"
	if err := os.WriteFile(h.path("bin", "dbus-launch"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	key := h.acceptedKey()
	h.newStore()
	h.run(key, "ragenv", "set", "NGC_API_KEY").ok()
	before := daemons()
	for range 5 {
		h.ragenv("--version").ok()
		h.run("", helperName, "--version").ok()
		h.reveal("nvcr.io", helperName, "get").ok()
		h.ragenv("--", "sh", "-c", `test "${DBUS_SESSION_BUS_ADDRESS-unset}" = unset`).ok()
	}
	if after := daemons(); after != before {
		t.Errorf("%d D-Bus daemons after 20 runs, %d before", after, before)
	}
	t.Logf("D-Bus daemons before 20 runs: %d, after: %d", before, daemons())
	if _, err := os.Stat(launched); err == nil {
		t.Error("dbus-launch was run")
	}

	// Check that a started daemon would have been counted.
	_, pid, _ := strings.Cut(strings.TrimSpace(h.run("", "dbus-launch").ok().stdout), "\n")
	daemon, err := strconv.Atoi(pid)
	if err != nil {
		t.Fatal(err)
	}
	if daemons() != before+1 {
		t.Error("a D-Bus daemon that was started is not counted")
	}
	if process, err := os.FindProcess(daemon); err == nil {
		_ = process.Kill()
	}
}

// daemons counts the D-Bus daemons in the world.
func daemons() int {
	count := 0
	names, _ := filepath.Glob("/proc/[0-9]*/comm")
	for _, name := range names {
		if data, err := os.ReadFile(name); err == nil && string(data) == "dbus-daemon\n" {
			count++
		}
	}
	return count
}
