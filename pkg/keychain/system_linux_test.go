package keychain

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/godbus/dbus"
	"golang.org/x/sys/unix"
)

func randomName(t *testing.T) string {
	t.Helper()
	raw := make([]byte, 6)
	if _, err := rand.Read(raw); err != nil {
		t.Fatal(err)
	}
	return "ragenv-test-" + hex.EncodeToString(raw)
}

// openOrSkip opens a backend of the machine, or skips with the reason why there is none.
func openOrSkip(t *testing.T, opts Options) *Keychain {
	t.Helper()
	k, err := Open(opts)
	if errors.Is(err, ErrUnavailable) {
		t.Skip(err)
	}
	if err != nil {
		t.Fatal(err)
	}
	return k
}

func TestKeyctlContract(t *testing.T) {
	opts := Options{Backend: BackendKeyctl, Namespace: randomName(t)}
	openOrSkip(t, opts)
	t.Cleanup(func() {
		ring, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "keyring", opts.Namespace, 0)
		if err == nil {
			_, err = unix.KeyctlInt(unix.KEYCTL_UNLINK, ring, unix.KEY_SPEC_USER_KEYRING, 0, 0)
		}
		if err != nil {
			t.Errorf("the test's keyring stays: %v", err)
		}
	})
	contract(t, func(t *testing.T) *Keychain { return mustOpen(t, opts) })
}

// privatePass makes a password store with a throw-away gpg key; the passphrase may be empty.
func privatePass(t *testing.T, passphrase string) {
	t.Helper()
	for _, program := range []string{"pass", "gpg", "gpgconf"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the program %s is not installed", program)
		}
	}
	// gpg-agent's socket lies in its home, and a socket's path is short (unix(7)).
	home, err := os.MkdirTemp("/tmp", "gpg")
	if err != nil {
		t.Fatal(err)
	}
	t.Setenv("GNUPGHOME", home)
	t.Setenv("PASSWORD_STORE_DIR", filepath.Join(t.TempDir(), "store"))
	t.Cleanup(func() {
		if out, err := exec.Command("gpgconf", "--kill", "all").CombinedOutput(); err != nil {
			t.Errorf("gpgconf --kill: %v: %s", err, out)
		}
		_ = os.RemoveAll(home)
	})
	run := func(stdin string, argv ...string) {
		t.Helper()
		cmd := exec.Command(argv[0], argv[1:]...)
		cmd.Stdin = strings.NewReader(stdin)
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Skipf("%s: %v: %s", argv[0], err, out)
		}
	}
	run(passphrase, "gpg", "--batch", "--pinentry-mode=loopback", "--passphrase-fd=0", "--quick-generate-key", "ragenv test", "default", "default")
	run("", "pass", "init", "ragenv test")
	run("not ours\n", "pass", "insert", "-m", "email/work")
}

func TestPassContract(t *testing.T) {
	privatePass(t, "")
	opts := Options{Backend: BackendPass}
	openOrSkip(t, opts)
	contract(t, func(t *testing.T) *Keychain { return mustOpen(t, opts) })
	out, err := exec.Command("pass", "show", "email/work").Output()
	if err != nil || string(out) != "not ours\n" {
		t.Errorf("an entry of somebody else: %q, %v", out, err)
	}
}

func TestPassLockedFailsAtOnce(t *testing.T) {
	privatePass(t, "words")
	opts := Options{Backend: BackendPass}
	k := openOrSkip(t, opts)
	if err := k.Set(Item{Ref: envRef("X"), Secret: newKey(t)}); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gpgconf", "--kill", "gpg-agent").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := k.Get(envRef("X")); !errors.Is(err, ErrLocked) {
		t.Errorf("Get: %v, want ErrLocked", err)
	}
	if _, err := k.Get(envRef("ABSENT")); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of the absent: %v, want ErrNotFound", err)
	}
}

func TestPassUnavailable(t *testing.T) {
	t.Setenv("PASSWORD_STORE_DIR", t.TempDir())
	_, err := Open(Options{Backend: BackendPass})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("Open without pass init: %v, want ErrUnavailable", err)
	}
}

// Environment of the test binary when it runs inside a private session bus.
const (
	envInBus  = "RAGENV_TEST_IN_BUS"
	busOpen   = "unlocked"
	busLocked = "locked"
	busEmpty  = "absent"
)

// inPrivateBus runs this test again under a session bus of its own: the keyring library connects while the process
// starts. script runs before it, in the bus.
func inPrivateBus(t *testing.T, state, script string) {
	t.Helper()
	if os.Getenv(envInBus) != "" {
		t.Fatal("already inside")
	}
	needed := []string{"dbus-run-session"}
	if script != "" {
		needed = append(needed, "gnome-keyring-daemon")
	}
	for _, program := range needed {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the program %s is not installed", program)
		}
	}
	home := t.TempDir()
	cmd := exec.Command("dbus-run-session", "--", "sh", "-c", script+`
exec "$0" -test.run="^$1\$" -test.v`, os.Args[0], t.Name())
	cmd.Env = append(os.Environ(), envInBus+"="+state, "HOME="+home, "XDG_RUNTIME_DIR="+home, "XDG_DATA_HOME="+filepath.Join(home, "data"),
		"XDG_CONFIG_HOME="+filepath.Join(home, "config"), "XDG_CACHE_HOME="+filepath.Join(home, "cache"), "DBUS_SESSION_BUS_ADDRESS=")
	out, err := cmd.CombinedOutput()
	t.Logf("inside the private bus:\n%s", out)
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(out), "--- PASS: "+t.Name()) {
		t.Fatal("the test did not run inside the bus")
	}
}

const unlockKeyring = `printf 'pw' | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1`

func TestSecretServiceContract(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busOpen, unlockKeyring)
		return
	}
	opts := Options{Backend: BackendSecretService}
	contract(t, func(t *testing.T) *Keychain { return mustOpen(t, opts) })
	t.Run("a foreign collection", func(t *testing.T) {
		_, err := Open(Options{Backend: BackendSecretService, Collection: "no-such"})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "no-such") {
			t.Errorf("Open: %v, want ErrUnavailable that names the collection", err)
		}
	})
}

func TestSecretServiceLocked(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busLocked, unlockKeyring)
		return
	}
	opts := Options{Backend: BackendSecretService}
	k := mustOpen(t, opts)
	item := Item{Ref: envRef("X"), Secret: newKey(t)}
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
	lockCollection(t)
	if _, err := k.Get(item.Ref); !errors.Is(err, ErrLocked) {
		t.Errorf("Get: %v, want ErrLocked", err)
	}
	if _, err := k.Get(envRef("ABSENT")); !errors.Is(err, ErrNotFound) {
		t.Errorf("Get of the absent: %v, want ErrNotFound", err)
	}
	if has, err := k.Has(item.Ref); !has || err != nil {
		t.Errorf("Has = %t, %v", has, err)
	}
	if err := k.Set(item); !errors.Is(err, ErrLocked) {
		t.Errorf("Set: %v, want ErrLocked", err)
	}
	if err := Probe(opts); !errors.Is(err, ErrLocked) {
		t.Errorf("Probe: %v, want ErrLocked", err)
	}
	opts.Interactive = true
	if _, err := mustOpen(t, opts).Get(item.Ref); err == nil {
		t.Error("Get of a locked item without a prompter succeeded")
	} else {
		t.Logf("an interactive Get without a prompter: %v", err)
	}
}

func TestSecretServiceAbsent(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busEmpty, "")
		return
	}
	_, err := Open(Options{Backend: BackendSecretService})
	if !errors.Is(err, ErrUnavailable) {
		t.Errorf("Open on a bus without a Secret Service: %v, want ErrUnavailable", err)
	}
	t.Log(err)
}

func TestNoSessionBus(t *testing.T) {
	if os.Getenv("DBUS_SESSION_BUS_ADDRESS") != "" && !strings.Contains(os.Getenv("DBUS_SESSION_BUS_ADDRESS"), "ragenv") {
		t.Skip("this machine has a session bus")
	}
	for _, name := range []string{BackendSecretService, BackendKWallet} {
		_, err := Open(Options{Backend: name})
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "session bus") {
			t.Errorf("%s: %v, want ErrUnavailable that names the session bus", name, err)
		}
	}
}

func TestForeignAndUnknownBackends(t *testing.T) {
	if _, err := Open(Options{Backend: BackendWinCred}); !errors.Is(err, ErrUnavailable) {
		t.Errorf("wincred on Linux: %v, want ErrUnavailable", err)
	}
	if _, err := Open(Options{Backend: "floppy"}); !errors.Is(err, ErrUnknownBackend) {
		t.Errorf("an unknown backend: %v", err)
	}
}

// lockCollection locks the collection of the private bus, as a screen saver or a person would.
func lockCollection(t *testing.T) {
	t.Helper()
	conn, err := dbus.SessionBus()
	if err != nil {
		t.Fatal(err)
	}
	var locked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	service := conn.Object(secretServiceName, "/org/freedesktop/secrets")
	err = service.Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{collectionPath + DefaultCollection}).Store(&locked, &prompt)
	if err != nil || len(locked) != 1 {
		t.Fatalf("Lock: %v, %v", locked, err)
	}
}
