//go:build linux || darwin

package main

import (
	"bytes"
	"encoding/base64"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/creack/pty"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// dialogue is a person before a terminal that a program runs on.
type dialogue struct {
	t      *testing.T
	cmd    *exec.Cmd
	pty    *os.File
	mu     sync.Mutex
	screen bytes.Buffer
	seen   int // how much of the screen was waited for
	done   chan struct{}
}

// world is a home of its own.
type world struct {
	t   *testing.T
	dir string
	env []string
}

func newWorld(t *testing.T, more ...string) *world {
	t.Helper()
	dir := t.TempDir()
	env, err := scripttest.Environ(dir)
	if err != nil {
		t.Fatal(err)
	}
	return &world{t, dir, append(append(env, "PATH="+os.Getenv("PATH"), "TERM=dumb"), more...)}
}

func (w *world) keychainOptions() keychain.Options {
	return keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(w.dir, "home", ".local", "share", "ragenv"), WorkFactor: 10}
}

// configure writes the config file.
func (w *world) configure(text string) {
	w.t.Helper()
	dir := filepath.Join(w.dir, "home", ".config", "ragenv")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "config.toml"), []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// protect makes a store with a passphrase that holds one key, and returns the key.
func (w *world) protect(passphrase string) string {
	w.t.Helper()
	w.configure("unlock = \"10m\"\n")
	k, err := keychain.CreateFileStore(w.keychainOptions(), []byte(passphrase))
	if err != nil {
		w.t.Fatal(err)
	}
	w.t.Cleanup(func() { _ = k.Lock() }) // nothing stays in the machine's keyring
	key := scripttest.NewKey()
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(key)}); err != nil {
		w.t.Fatal(err)
	}
	return key
}

// start runs a program on a new terminal.
func (w *world) start(args ...string) *dialogue {
	w.t.Helper()
	cmd := exec.Command(args[0], args[1:]...)
	cmd.Env, cmd.Dir = w.env, w.dir
	terminal, err := pty.Start(cmd)
	if err != nil {
		w.t.Fatal(err)
	}
	d := &dialogue{t: w.t, cmd: cmd, pty: terminal, done: make(chan struct{})}
	go func() {
		defer close(d.done)
		buffer := make([]byte, 4096)
		for {
			n, err := terminal.Read(buffer)
			d.mu.Lock()
			d.screen.Write(buffer[:n])
			d.mu.Unlock()
			if err != nil {
				return // EIO: the program's end
			}
		}
	}()
	w.t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = terminal.Close()
	})
	return d
}

func (d *dialogue) text() string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return strings.ReplaceAll(d.screen.String(), "\r", "")
}

// patience is how long a test waits for what must come; far more than it takes.
const patience = time.Minute

// expect waits until the screen shows text, after what was expected before.
func (d *dialogue) expect(text string) *dialogue {
	d.t.Helper()
	for deadline := time.Now().Add(patience); time.Now().Before(deadline); time.Sleep(5 * time.Millisecond) {
		screen := d.text()
		if i := strings.Index(screen[d.seen:], text); i >= 0 {
			d.seen += i + len(text)
			return d
		}
		select {
		case <-d.done:
			if !strings.Contains(d.text()[d.seen:], text) {
				d.t.Fatalf("it ended without %q:\n%s", text, d.text())
			}
		default:
		}
	}
	d.t.Fatalf("%q did not come:\n%s", text, d.text())
	return d
}

func (d *dialogue) send(text string) *dialogue {
	d.t.Helper()
	// A prompt is shown before the echo is off; a person is never that fast.
	for deadline := time.Now().Add(patience); d.echoes() && time.Now().Before(deadline); {
		time.Sleep(time.Millisecond)
	}
	return d.sendNow(text)
}

func (d *dialogue) sendNow(text string) *dialogue {
	d.t.Helper()
	if _, err := io.WriteString(d.pty, text); err != nil {
		d.t.Fatal(err)
	}
	return d
}

// end waits for the program's end and returns its exit code, 128 + n for signal n.
func (d *dialogue) end() int {
	d.t.Helper()
	timer := time.AfterFunc(patience, func() { _ = d.cmd.Process.Kill() })
	err := d.cmd.Wait()
	timer.Stop()
	<-d.done
	var exit *exec.ExitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &exit):
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() {
			return 128 + int(status.Signal())
		}
		return exit.ExitCode()
	}
	d.t.Fatal(err)
	return -1
}

func (d *dialogue) wantCode(want int) {
	d.t.Helper()
	if code := d.end(); code != want {
		d.t.Errorf("exit code %d, want %d:\n%s", code, want, d.text())
	}
}

func (d *dialogue) wantHidden(secrets ...string) {
	d.t.Helper()
	for _, secret := range secrets {
		if strings.Contains(d.text(), secret) {
			d.t.Error("a secret is on the screen")
		}
	}
}

func (w *world) stored(name string) (string, bool) {
	w.t.Helper()
	opts := w.keychainOptions()
	opts.Passphrase = func() ([]byte, error) { return []byte("horse battery"), nil }
	k, err := keychain.Open(opts)
	if errors.Is(err, keychain.ErrNoStore) {
		return "", false
	}
	if err != nil {
		w.t.Fatal(err)
	}
	item, err := k.Get(keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: name})
	if errors.Is(err, keychain.ErrNotFound) {
		return "", false
	}
	if err != nil {
		w.t.Fatal(err)
	}
	return item.Secret.Reveal(), true
}

// The first key ever: its value, then the passphrase of the new store, twice.
func TestSetAsks(t *testing.T) {
	w, key := newWorld(t), scripttest.NewKey()
	d := w.start(scripttest.Binary(t, scripttest.Ragenv), "set", "NGC_API_KEY")
	d.expect("https://org.ngc.nvidia.com/setup/api-keys").expect("NGC_API_KEY (hidden): ").send(key + "\r")
	d.expect("New passphrase (empty for none): ").send("horse battery\r")
	d.expect("Once more: ").send("horse batteri\r").expect("not the same")
	d.expect("New passphrase (empty for none): ").send("horse battery\r").expect("Once more: ").send("horse battery\r")
	d.expect("ragenv: note: stored NGC_API_KEY in the file backend\n").wantCode(0)
	d.wantHidden(key, "horse battery")
	if value, _ := w.stored("NGC_API_KEY"); value != key {
		t.Error("what is stored is not what was typed")
	}
}

func TestSetTakesAnyPaste(t *testing.T) {
	w := newWorld(t)
	if _, err := keychain.CreateFileStore(w.keychainOptions(), nil); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat(scripttest.NewKey(), 100) // a terminal's own line would end at 4,095 bytes
	d := w.start(scripttest.Binary(t, scripttest.Ragenv), "set", "LONG")
	d.expect("LONG (hidden): ").send("\x1b[200~" + long + "\x1b[201~\r").expect("stored LONG").wantCode(0)
	d.wantHidden(long[:70])
	if value, _ := w.stored("LONG"); value != long {
		t.Error("what is stored is not what was pasted")
	}
	d = w.start(scripttest.Binary(t, scripttest.Ragenv), "set", "OTHER")
	d.expect("OTHER (hidden): ").send("abc\x03")
	d.expect("ragenv: error: interrupted\n").wantCode(130)
	if _, ok := w.stored("OTHER"); ok {
		t.Error("an interrupted value was stored")
	}
}

func TestGetToATerminal(t *testing.T) {
	w := newWorld(t)
	key := w.protect("horse battery")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.start(ragenv, "get", "NGC_API_KEY")
	d.expect("ragenv: error: a key is not printed to a terminal").expect("ragenv: hint: ragenv get NGC_API_KEY --reveal\n").wantCode(1)
	d.wantHidden(key)

	// A wrong passphrase may be corrected, twice.
	d = w.start(ragenv, "get", "NGC_API_KEY", "--reveal")
	d.expect("Passphrase of your keychain: ").send("wrong\r").expect("Passphrase of your keychain: ").send("horse battery\r")
	d.expect(key).wantCode(0)
	d.wantHidden("horse battery")

	w.lock()
	d = w.start(ragenv, "get", "NGC_API_KEY", "--reveal")
	for range passphraseTries {
		d.expect("Passphrase of your keychain: ").send("wrong\r")
	}
	d.expect("ragenv: error: wrong passphrase\n").expect("ragenv: hint: ").wantCode(1)

	d = w.start(ragenv, "get", "NGC_API_KEY", "--reveal")
	d.expect("Passphrase of your keychain: ").send("\x03").expect("ragenv: error: interrupted\n").wantCode(130)
}

// lock forgets the unlocked identity.
func (w *world) lock() {
	w.t.Helper()
	k, err := keychain.Open(w.keychainOptions())
	if err != nil {
		w.t.Fatal(err)
	}
	if err := k.Lock(); err != nil {
		w.t.Fatal(err)
	}
}

// The prompt is on the terminal even when the value goes to a pipe.
func TestGetIntoAPipeAsksOnTheTerminal(t *testing.T) {
	w := newWorld(t)
	key := w.protect("horse battery")
	d := w.start("sh", "-c", scripttest.Binary(t, scripttest.Ragenv)+" get NGC_API_KEY >value")
	d.expect("Passphrase of your keychain: ").send("horse battery\r").wantCode(0)
	d.wantHidden(key, "horse battery")
	value, err := os.ReadFile(filepath.Join(w.dir, "value"))
	if err != nil || string(value) != key+"\n" {
		t.Errorf("the pipe got %d bytes (%v), want the key and a line break", len(value), err)
	}
}

func TestUnlockAndLock(t *testing.T) {
	w := newWorld(t)
	key := w.protect("horse battery")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.start(ragenv, "unlock", "--for", "20m")
	d.expect("Passphrase of your keychain: ").send("horse battery\r")
	if d.end() != 0 {
		if strings.Contains(d.text(), "no place to keep the keychain open") {
			t.Skip("this machine has no kernel keyring, so nothing can stay unlocked")
		}
		t.Fatal(d.text())
	}
	if !regexp.MustCompile(`ragenv: note: unlocked until (20\d\d-\d\d-\d\d )?\d\d:\d\d\n`).MatchString(d.text()) {
		t.Error(d.text())
	}
	w.start(ragenv, "get", "NGC_API_KEY", "--reveal").expect(key).wantCode(0)
	w.start(ragenv, "lock").expect("ragenv: note: locked\n").wantCode(0)
	d = w.start(ragenv, "get", "NGC_API_KEY", "--reveal")
	d.expect("Passphrase of your keychain: ").send("\x03").wantCode(130)
}

func TestPassphraseChanges(t *testing.T) {
	w := newWorld(t)
	key := w.protect("first")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.start(ragenv, "passphrase")
	d.expect("Present passphrase: ").send("wrong\r").expect("Present passphrase: ").send("first\r")
	d.expect("New passphrase (empty for none): ").send("horse battery\r").expect("Once more: ").send("horse battery\r")
	d.expect("ragenv: note: the passphrase is changed, and the keychain locked\n").wantCode(0)
	d.wantHidden("first\n", "horse battery")
	if value, _ := w.stored("NGC_API_KEY"); value != key {
		t.Error("the new passphrase does not give the key")
	}
	d = w.start(ragenv, "passphrase")
	d.expect("Present passphrase: ").send("horse battery\r").expect("New passphrase").send("\r").expect("Once more: ").send("\r")
	d.expect("the passphrase is removed").wantCode(0)
	w.start(ragenv, "get", "NGC_API_KEY", "--reveal").expect(key).wantCode(0)
}

func TestGuidedSetup(t *testing.T) {
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Helper))
	w := newWorld(t, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ngc, cyborg := scripttest.NewKey(), "cyborg_"+strings.ToLower(scripttest.NewKey()[6:38])
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.start(ragenv, "setup")
	d.expect("New passphrase (empty for none): ").send("horse battery\r").expect("Once more: ").send("horse battery\r")
	d.expect("Keychain: file backend, with a passphrase\n")
	d.expect("NVIDIA NGC API key (NGC_API_KEY)").expect("\"NGC Catalog\"").expect("Paste it here").send("\"" + ngc + "\"\r") // quoted by mistake
	d.expect("Paste it here").send(ngc + "\r").expect("Ask NVIDIA whether it takes the key? [Y/n] ").sendNow("n\r")
	d.expect("When does it expire").sendNow("yesterday\r").expect("neither a date").expect("When does it expire").sendNow("90d\r")
	d.expect("  Stored, until 20")
	d.expect("CyborgDB API key").expect("Paste it here").send("\r").expect("Left out. Later: ragenv set CYBORGDB_API_KEY")
	d.expect("[Y/n] ").sendNow("\r").expect("Docker asks docker-credential-ngc for nvcr.io now")
	d.expect("Done. Next: ragenv -- docker compose up\n").expect("ragenv unlock --for 8h\n").wantCode(0)
	d.wantHidden(ngc, "horse battery")
	if strings.Contains(d.text(), "left out, as the keychain is locked") {
		t.Log("this machine has no kernel keyring, so the proof was left out")
	} else if !strings.Contains(d.text(), "Proof: docker-credential-ngc gives Docker the key for nvcr.io\nProof: ragenv -- gives a command NGC_API_KEY\n") {
		t.Error("no proof:\n" + d.text())
	}

	// Again: what is done is not asked again, and a key of the shell's is offered.
	w.env = append(w.env, "CYBORGDB_API_KEY="+cyborg)
	d = w.start(ragenv, "setup")
	d.expect("(NGC_API_KEY): stored\n").expect("$CYBORGDB_API_KEY is set in this shell. Store that key? [Y/n] ").sendNow("y\r")
	d.expect("When does it expire").sendNow("\r").expect("Stored.").expect("already").wantCode(0)
	d.wantHidden(cyborg)
	for name, want := range map[string]string{"NGC_API_KEY": ngc, "CYBORGDB_API_KEY": cyborg} {
		if value, _ := w.stored(name); value != want {
			t.Errorf("%s: another value than was given is stored", name)
		}
	}
}

// A key that docker login left in config.json is offered, and moved when Docker is configured. All of it is one screen.
func TestGuidedSetupFindsALogin(t *testing.T) {
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Helper))
	w, key := newWorld(t, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH")), scripttest.NewKey()
	path := filepath.Join(w.dir, "home", ".docker", "config.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	auth := base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + key))
	if err := os.WriteFile(path, []byte(`{"auths":{"nvcr.io":{"auth":"`+auth+`"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	d := w.start(scripttest.Binary(t, scripttest.Ragenv), "setup", "--no-passphrase", "--docker")
	d.expect("Keychain: file backend, without a passphrase\n")
	d.expect("A docker login left one in plain text, in ~/.docker/config.json. Store it? [Y/n] ").sendNow("\r")
	d.expect("Ask NVIDIA").sendNow("n\r").expect("When does it expire").sendNow("\r").expect("Stored.")
	d.expect("CyborgDB").expect("Paste it here").send("\r").expect("moved the login for nvcr.io into the keychain, as NGC_API_KEY")
	d.expect("Proof: docker-credential-ngc gives Docker the key for nvcr.io\n").expect("Proof: ragenv -- gives a command NGC_API_KEY\n")
	d.expect("Done.").wantCode(0)
	d.wantHidden(key, auth)
	if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), auth) {
		t.Errorf("the login is still in config.json (%v)", err)
	}
	if lines := strings.Count(d.text(), "\n"); lines > 24 {
		t.Errorf("%d lines, more than a screen:\n%s", lines, d.text())
	}
}

// Help keeps to the width of the terminal.
func TestHelpFitsTheTerminal(t *testing.T) {
	w := newWorld(t)
	for _, columns := range []int{60, 80, 200} {
		d := w.start("sh", "-c", fmt.Sprintf("stty cols %d && exec %s set --help", columns, scripttest.Binary(t, scripttest.Ragenv)))
		d.wantCode(0)
		widest := 0
		for line := range strings.Lines(d.text()) {
			widest = max(widest, len(strings.TrimRight(line, "\n")))
		}
		if limit := min(columns, 100); widest > limit || widest < limit-20 {
			t.Errorf("at %d columns the widest line has %d", columns, widest)
		}
	}
}

// echoes tells whether the terminal shows what is typed.
func (d *dialogue) echoes() bool { return echoes(int(d.pty.Fd())) }

// The command has the terminal itself: its size, its signals, and the exit code they give.
func TestRunOnATerminal(t *testing.T) {
	w := newWorld(t)
	key := w.protect("horse battery")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.start(ragenv, "--quiet", "--", "sh", "-c", `test -t 0 && test -t 1 && test -t 2 && echo "terminal ${#NGC_API_KEY}"; trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done`)
	d.expect("Passphrase of your keychain: ").send("horse battery\r").expect("terminal 70\n").expect("ready").sendNow("\x03").expect("caught").wantCode(9)
	d.wantHidden(key, "horse battery")

	w.lock()
	d = w.start(ragenv, "-q", "--", "sleep", "600")
	d.expect("Passphrase of your keychain: ").send("horse battery\r")
	waitFor(t, "sleep to take ragenv's place", func() bool {
		name, err := processName(d.cmd.Process.Pid)
		return err != nil || strings.Contains(name, "sleep")
	})
	d.sendNow("\x03").wantCode(128 + int(syscall.SIGINT))

	// Who gives up at the prompt starts nothing.
	w.lock()
	d = w.start(ragenv, "--", "touch", "started")
	d.expect("Passphrase of your keychain: ").send("\x03").expect("ragenv: error: interrupted\n").wantCode(130)
	if _, err := os.Stat(filepath.Join(w.dir, "started")); err == nil {
		t.Error("the command was started")
	}
}

// processName asks ps, which Linux and macOS both have.
func processName(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return string(out), err
}

func waitFor(t *testing.T, what string, done func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !done(); time.Sleep(5 * time.Millisecond) {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// Nobody is asked who cannot answer, and no key is ever among the arguments of ragenv while it waits at a prompt.
func TestNoKeyInArguments(t *testing.T) {
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("no /proc to look for arguments in")
	}
	w, key := newWorld(t), scripttest.NewKey()
	d := w.start(scripttest.Binary(t, scripttest.Ragenv), "set", "NGC_API_KEY")
	d.expect("(hidden): ").send(key + "\r").expect("New passphrase")
	arguments, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(d.cmd.Process.Pid), "cmdline"))
	if err != nil || !strings.HasSuffix(string(arguments), "\x00set\x00NGC_API_KEY\x00") {
		t.Errorf("arguments %q, %v", strings.ReplaceAll(string(arguments), key, "(the key)"), err)
	}
	d.send("\x03").wantCode(130)
}
