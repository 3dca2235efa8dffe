package system

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/godbus/dbus"
	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/keychaintest"
)

// The library returns the kernel's errors as text.
func TestKeyctlErrorsAreTyped(t *testing.T) {
	failed := keyctlGuard().failed
	for errno, want := range map[unix.Errno]error{
		unix.EDQUOT: keychain.ErrTooLarge, unix.EKEYEXPIRED: keychain.ErrNotFound, unix.EKEYREVOKED: keychain.ErrNotFound, unix.ENOKEY: keychain.ErrNotFound,
		unix.EPERM: keychain.ErrUnavailable, unix.EACCES: keychain.ErrUnavailable, unix.ENOSYS: keychain.ErrUnavailable,
	} {
		for _, err := range []error{errno, fmt.Errorf("reading: %w", errno), errors.New("adding key to session failed: " + errno.Error())} {
			if got := failed(err); !errors.Is(got, want) {
				t.Errorf("%v became %v, want %v", err, got, want)
			}
		}
	}
	if err := errors.New("adding key to session failed: " + unix.EIO.Error()); failed(err) != err {
		t.Errorf("%v became %v", err, failed(err))
	}
}

// needKeyctl skips a test if the kernel refuses key calls, as in many containers.
func needKeyctl(t *testing.T) {
	t.Helper()
	if _, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true); err != nil {
		t.Skip(err)
	}
}

// TestKeyctlQuota checks that exceeding the kernel's quota is ErrTooLarge and loses nothing.
func TestKeyctlQuota(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("root's quota is larger than an item can be")
	}
	override(t, &namespace, randomName(t))
	opts := keychain.Options{Backend: keychain.BackendKeyctl}
	needKeyctl(t)
	k := keychaintest.MustOpen(t, opts)
	item := keychain.Item{Ref: keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "A"}, Secret: keychain.NewSecret("small")}
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := k.Remove(item.Ref); err != nil {
			t.Error(err)
		}
	})
	large := item
	large.Secret = keychain.NewSecret(strings.Repeat("x", 30_000))
	if err := k.Set(large); err == nil {
		t.Skip("this user's quota is not the kernel's usual one")
	} else if !errors.Is(err, keychain.ErrTooLarge) {
		t.Errorf("%v, want ErrTooLarge", err)
	}
	if got, err := k.Get(item.Ref); err != nil || got.Secret != item.Secret {
		t.Errorf("LOST: the former value: %v", err)
	}
}

func TestKeyctlContract(t *testing.T) {
	override(t, &namespace, randomName(t))
	opts := keychain.Options{Backend: keychain.BackendKeyctl}
	needKeyctl(t)
	// keyrings(7): the quota of a user's keys, in bytes. Root's is 25 MB.
	if quota, err := os.ReadFile("/proc/sys/kernel/keys/maxbytes"); os.Geteuid() != 0 && (err != nil || len(bytes.TrimSpace(quota)) < len("1000000")) {
		t.Skipf("the kernel lets this user keep %s bytes of keys, fewer than the contract's items take", bytes.TrimSpace(quota))
	}
	t.Cleanup(func() {
		ring, err := unix.KeyctlSearch(unix.KEY_SPEC_USER_KEYRING, "keyring", namespace, 0)
		if err == nil {
			_, err = unix.KeyctlInt(unix.KEYCTL_UNLINK, ring, unix.KEY_SPEC_USER_KEYRING, 0, 0)
		}
		if err != nil {
			t.Errorf("the test's keyring stays: %v", err)
		}
	})
	keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return keychaintest.MustOpen(t, opts) })
}

// privatePass creates a password store with a temporary gpg key. The passphrase may be empty.
func privatePass(t *testing.T, passphrase string) {
	t.Helper()
	for _, program := range []string{"pass", "gpg", "gpgconf"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the program %s is not installed", program)
		}
	}
	// gpg-agent's socket is in its home directory, and socket paths must be short (unix(7)).
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
	run(passphrase, "gpg", "--batch", "--pinentry-mode=loopback", "--passphrase-fd=0", "--quick-generate-key", "ragenv test", "future-default", "default")
	run("", "pass", "init", "ragenv test")
	run("not ours\n", "pass", "insert", "-m", "email/work")
}

func TestPassContract(t *testing.T) {
	privatePass(t, "")
	opts := keychain.Options{Backend: keychain.BackendPass}
	keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return keychaintest.MustOpen(t, opts) })
	out, err := exec.Command("pass", "show", "email/work").Output()
	if err != nil || string(out) != "not ours\n" {
		t.Errorf("an entry of somebody else: %q, %v", out, err)
	}
}

func TestPassLockedFailsAtOnce(t *testing.T) {
	privatePass(t, "words")
	opts := keychain.Options{Backend: keychain.BackendPass}
	k := keychaintest.MustOpen(t, opts)
	if err := k.Set(keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("gpgconf", "--kill", "gpg-agent").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := k.Get(keychaintest.EnvRef("X")); !errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Get: %v, want keychain.ErrLocked", err)
	}
	if _, err := k.Get(keychaintest.EnvRef("ABSENT")); !errors.Is(err, keychain.ErrNotFound) {
		t.Errorf("Get of the absent: %v, want keychain.ErrNotFound", err)
	}
}

// A missing key is not reported as locked, because unlocking would never help.
func TestPassWithoutItsSecretKey(t *testing.T) {
	privatePass(t, "")
	opts := keychain.Options{Backend: keychain.BackendPass}
	k := keychaintest.MustOpen(t, opts)
	if err := k.Set(keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("sh", "-c", `gpgconf --kill gpg-agent && rm "$GNUPGHOME"/private-keys-v1.d/*.key`).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	if _, err := k.Get(keychaintest.EnvRef("X")); !errors.Is(err, keychain.ErrUnavailable) || errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Get: %v, want keychain.ErrUnavailable", err)
	}
}

func TestPassUnavailable(t *testing.T) {
	t.Setenv("PASSWORD_STORE_DIR", t.TempDir())
	_, err := keychain.Open(keychain.Options{Backend: keychain.BackendPass})
	if !errors.Is(err, keychain.ErrUnavailable) {
		t.Errorf("Open without pass init: %v, want keychain.ErrUnavailable", err)
	}
}

// Environment variables of the test binary inside a private session bus.
const (
	envInBus  = "RAGENV_TEST_IN_BUS"
	busOpen   = "unlocked"
	busLocked = "locked"
	busEmpty  = "absent"
)

// inPrivateBus reruns this test under its own session bus, because the keyring library connects at process
// start. script runs in the bus first.
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
	opts := keychain.Options{Backend: keychain.BackendSecretService}
	keychaintest.Contract(t, func(t *testing.T) *keychain.Keychain { return keychaintest.MustOpen(t, opts) })
	t.Run("a foreign collection", func(t *testing.T) {
		_, err := keychain.Open(keychain.Options{Backend: keychain.BackendSecretService, Collection: "no-such"})
		if !errors.Is(err, keychain.ErrUnavailable) || !strings.Contains(err.Error(), "no-such") {
			t.Errorf("Open: %v, want keychain.ErrUnavailable that names the collection", err)
		}
	})
}

func TestSecretServiceLocked(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busLocked, unlockKeyring)
		return
	}
	opts := keychain.Options{Backend: keychain.BackendSecretService}
	k := keychaintest.MustOpen(t, opts)
	item := keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}
	if err := k.Set(item); err != nil {
		t.Fatal(err)
	}
	lockCollection(t)
	if _, err := k.Get(item.Ref); !errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Get: %v, want keychain.ErrLocked", err)
	}
	if _, err := k.Get(keychaintest.EnvRef("ABSENT")); !errors.Is(err, keychain.ErrNotFound) {
		t.Errorf("Get of the absent: %v, want keychain.ErrNotFound", err)
	}
	if has, err := k.Has(item.Ref); !has || err != nil {
		t.Errorf("Has = %t, %v", has, err)
	}
	if err := k.Set(item); !errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Set: %v, want keychain.ErrLocked", err)
	}
	if err := keychain.Probe(opts); !errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Probe: %v, want keychain.ErrLocked", err)
	}
	opts.Interactive = true
	if _, err := keychaintest.MustOpen(t, opts).Get(item.Ref); err == nil {
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
	_, err := keychain.Open(keychain.Options{Backend: keychain.BackendSecretService})
	if !errors.Is(err, keychain.ErrUnavailable) {
		t.Errorf("Open on a bus without a Secret Service: %v, want keychain.ErrUnavailable", err)
	}
	t.Log(err)
}

func TestNoSessionBus(t *testing.T) {
	if _, err := dbus.SessionBus(); err == nil {
		t.Skip("this machine has a session bus")
	}
	for _, name := range []string{keychain.BackendSecretService, keychain.BackendKWallet} {
		_, err := keychain.Open(keychain.Options{Backend: name})
		if !errors.Is(err, keychain.ErrUnavailable) || !strings.Contains(err.Error(), "session bus") {
			t.Errorf("%s: %v, want keychain.ErrUnavailable that names the session bus", name, err)
		}
	}
}

func TestForeignAndUnknownBackends(t *testing.T) {
	if _, err := keychain.Open(keychain.Options{Backend: keychain.BackendWinCred}); !errors.Is(err, keychain.ErrUnavailable) {
		t.Errorf("wincred on Linux: %v, want keychain.ErrUnavailable", err)
	}
	if _, err := keychain.Open(keychain.Options{Backend: "floppy"}); !errors.Is(err, keychain.ErrUnknownBackend) {
		t.Errorf("an unknown backend: %v", err)
	}
}

// lockCollection locks the private bus's collection, as a screen saver or a user would.
func lockCollection(t *testing.T) {
	t.Helper()
	conn, err := dbus.SessionBus()
	if err != nil {
		t.Fatal(err)
	}
	var locked []dbus.ObjectPath
	var prompt dbus.ObjectPath
	service := conn.Object(secretServiceName, "/org/freedesktop/secrets")
	err = service.Call("org.freedesktop.Secret.Service.Lock", 0, []dbus.ObjectPath{collectionPath + keychain.DefaultCollection}).Store(&locked, &prompt)
	if err != nil || len(locked) != 1 {
		t.Fatalf("Lock: %v, %v", locked, err)
	}
}

// TestMain also runs the black hole of TestSilentServices and the wallet of TestKWalletContract.
func TestMain(m *testing.M) {
	if os.Getenv(envWallet) != "" {
		serveWallet()
	}
	if name := os.Getenv(envBlackHole); name != "" {
		blackHole(name)
	}
	os.Exit(m.Run())
}

const envBlackHole = "RAGENV_TEST_BLACK_HOLE"

// blackHole takes a name on the session bus and waits to be stopped: a stopped process never answers.
func blackHole(name string) { serve(name, func(*dbus.Conn) error { return nil }) }

// serve exports objects on the session bus, takes a name there, reports that it is ready, and waits to be
// stopped or killed.
func serve(name string, export func(*dbus.Conn) error) {
	conn, err := dbus.SessionBus()
	if err == nil {
		err = export(conn)
	}
	if err == nil {
		_, err = conn.RequestName(name, dbus.NameFlagDoNotQueue)
	}
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	fmt.Println("ready")
	select {}
}

func TestSilentServices(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busEmpty, "")
		return
	}
	for name, service := range map[string]string{keychain.BackendSecretService: secretServiceName, keychain.BackendKWallet: kwalletName} {
		t.Run(name, func(t *testing.T) {
			hole := silence(t, service)
			override(t, &answerLimit, 200*time.Millisecond)
			_, err := keychain.Open(keychain.Options{Backend: name})
			if !errors.Is(err, keychain.ErrTimeout) {
				t.Errorf("Open: %v, want keychain.ErrTimeout", err)
			}
			if left := children(os.Getpid()); len(left) != 1 || left[0] != hole {
				t.Errorf("children left behind: %v", left)
			}
		})
	}
}

// silence starts a service on the session bus that never answers, until the test ends. It returns its
// process ID.
func silence(t *testing.T, service string) (pid int) {
	t.Helper()
	hole := startSelf(t, envBlackHole+"="+service)
	if err := hole.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	for !stopped(t, hole.Pid) {
		time.Sleep(time.Millisecond)
	}
	return hole.Pid
}

// startSelf starts this test binary as a service, waits until it is ready, and kills it when the test ends.
func startSelf(t *testing.T, variable string) *os.Process {
	t.Helper()
	service := exec.Command(os.Args[0])
	service.Env = append(os.Environ(), variable)
	stdout, err := service.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := service.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = service.Process.Kill()
		_ = service.Wait()
	})
	line, err := bufio.NewReader(stdout).ReadString('\n')
	if line != "ready\n" {
		t.Fatalf("the service says %q (%v)", line, err)
	}
	return service.Process
}

// GNOME Keyring prompts through org.gnome.keyring.SystemPrompter, which never answers here.
func TestSilentPrompter(t *testing.T) {
	if os.Getenv(envInBus) == "" {
		inPrivateBus(t, busLocked, unlockKeyring)
		return
	}
	opts := keychain.Options{Backend: keychain.BackendSecretService}
	item := keychain.Item{Ref: keychaintest.EnvRef("X"), Secret: keychaintest.NewKey(t)}
	if err := keychaintest.MustOpen(t, opts).Set(item); err != nil {
		t.Fatal(err)
	}
	lockCollection(t)
	prompter := silence(t, "org.gnome.keyring.SystemPrompter")
	// A caller that does not prompt is not blocked by it.
	if _, err := keychaintest.MustOpen(t, opts).Get(item.Ref); !errors.Is(err, keychain.ErrLocked) {
		t.Errorf("Get: %v, want keychain.ErrLocked", err)
	}
	opts.Interactive = true
	override(t, &promptLimit, 300*time.Millisecond)
	k := keychaintest.MustOpen(t, opts)
	for name, call := range map[string]func() error{
		"UnlockSystem": k.UnlockSystem,
		"Get":          func() error { _, err := k.Get(item.Ref); return err },
		"Set":          func() error { return k.Set(item) },
	} {
		if err := call(); !errors.Is(err, keychain.ErrTimeout) {
			t.Errorf("%s: %v, want keychain.ErrTimeout", name, err)
		}
	}
	if left := children(os.Getpid()); len(left) != 1 || left[0] != prompter {
		t.Errorf("children left behind: %v", left)
	}
}

// No process of a pass whose gpg never answers is left.
func TestSilentPassIsEnded(t *testing.T) {
	bin, store := t.TempDir(), t.TempDir()
	for path, content := range map[string]string{
		filepath.Join(bin, "pass"):                                "#!/bin/sh\n",
		filepath.Join(bin, "gpg2"):                                "#!/bin/sh\nsleep 600 &\nwait\n",
		filepath.Join(store, ".gpg-id"):                           "x\n",
		filepath.Join(store, "ragenv", "default", "env", "X.gpg"): "x",
	} {
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	old := time.Now().Add(-time.Hour)
	if err := os.Chtimes(filepath.Join(store, "ragenv", "default", "env", "X.gpg"), old, old); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PASSWORD_STORE_DIR", store)
	t.Setenv("PATH", bin+":"+os.Getenv("PATH"))
	override(t, &answerLimit, 200*time.Millisecond)
	k := keychaintest.MustOpen(t, keychain.Options{Backend: keychain.BackendPass})
	if _, err := k.Get(keychaintest.EnvRef("X")); !errors.Is(err, keychain.ErrTimeout) {
		t.Errorf("Get: %v, want keychain.ErrTimeout", err)
	}
	for end := time.Now().Add(time.Minute); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if len(children(os.Getpid())) == 0 {
			return
		}
	}
	t.Errorf("children left behind: %v", children(os.Getpid()))
}

func stopped(t *testing.T, pid int) bool {
	t.Helper()
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		t.Fatal(err)
	}
	_, state, _ := strings.Cut(string(stat), ") ") // proc_pid_stat(5)
	return strings.HasPrefix(state, "T")
}
