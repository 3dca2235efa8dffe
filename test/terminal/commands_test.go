//go:build linux || darwin

package terminal_test

import (
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// The first key: ragenv asks for its value, then twice for the passphrase of the new store.
func TestSetAsks(t *testing.T) {
	t.Parallel()
	w, key := terminal.NewWorld(t), scripttest.NewKey()
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "set", "NGC_API_KEY")
	d.Expect("https://org.ngc.nvidia.com/setup/api-keys").Expect("NGC_API_KEY (hidden): ").Send(key + "\r")
	d.Expect("New passphrase (Enter for none): ").Send("horse battery\r")
	d.Expect("Confirm passphrase: ").Send("horse batteri\r").Expect("Passphrases do not match")
	d.Expect("New passphrase (Enter for none): ").Send("horse battery\r").Expect("Confirm passphrase: ").Send("horse battery\r")
	d.Expect("ragenv: note: stored NGC_API_KEY in the file backend\n").WantCode(0)
	d.WantHidden(key, "horse battery")
	if value, _ := w.Stored("NGC_API_KEY"); value != key {
		t.Error("what is stored is not what was typed")
	}
}

func TestSetTakesAnyPaste(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	if _, err := keychain.CreateFileStore(w.KeychainOptions(), keychain.Protection{WorkFactor: 10}); err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat(scripttest.NewKey(), 100) // a terminal in line mode stops at 4,095 bytes
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "set", "LONG")
	d.Expect("LONG (hidden): ").Send("\x1b[200~" + long + "\x1b[201~\r").Expect("stored LONG").WantCode(0)
	d.WantHidden(long[:70])
	if value, _ := w.Stored("LONG"); value != long {
		t.Error("what is stored is not what was pasted")
	}
	d = w.Start(scripttest.Binary(t, scripttest.Ragenv), "set", "OTHER")
	d.Expect("OTHER (hidden): ").Send("abc\x03")
	d.Expect("ragenv: error: interrupted\n").WantCode(130)
	if _, ok := w.Stored("OTHER"); ok {
		t.Error("an interrupted value was stored")
	}
}

// Enter keeps the value if only the expiry is to change. rotate asks for the new key's expiry, after it
// stored the key, if the old key had one.
func TestExpiryAsked(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key, next := w.Open(), scripttest.NewKey()
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "set", "NGC_API_KEY", "--expires", "90d")
	d.Expect("NGC_API_KEY (hidden; Enter keeps the stored value): ").Send("\r").Expect("its value is unchanged\n").WantCode(0)
	if value, _ := w.Stored("NGC_API_KEY"); value != key {
		t.Error("the value changed")
	}
	d = w.Start(ragenv, "rotate", "NGC_API_KEY", "--offline")
	d.Expect("NGC_API_KEY (hidden): ").Send(next + "\r").Expect("When does the new key expire")
	if value, _ := w.Stored("NGC_API_KEY"); value != next {
		t.Error("the key is not stored before the question")
	}
	d.SendNow("soon\r").Expect("When does the new key expire").SendNow("2099-01-31\r").WantCode(0)
	d.WantHidden(next)
	w.Start(ragenv, "list").Expect("2099-01-31").WantCode(0)
}

func TestGetToATerminal(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key := w.Protect("horse battery")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "get", "NGC_API_KEY")
	d.Expect("ragenv: error: a key is not printed to a terminal").Expect("ragenv: hint: ragenv get NGC_API_KEY --reveal\n").WantCode(1)
	d.WantHidden(key)

	// A wrong passphrase may be corrected twice.
	d = w.Start(ragenv, "get", "NGC_API_KEY", "--reveal")
	d.Expect("Passphrase of your keychain: ").Send("wrong\r").Expect("Passphrase of your keychain: ").Send("horse battery\r")
	d.Expect(key).WantCode(0)
	d.WantHidden("horse battery")

	w.Lock()
	d = w.Start(ragenv, "get", "NGC_API_KEY", "--reveal")
	for range 3 { // attempts
		d.Expect("Passphrase of your keychain: ").Send("wrong\r")
	}
	d.Expect("ragenv: error: wrong passphrase\n").Expect("ragenv: hint: ").WantCode(1)

	d = w.Start(ragenv, "get", "NGC_API_KEY", "--reveal")
	d.Expect("Passphrase of your keychain: ").Send("\x03").Expect("ragenv: error: interrupted\n").WantCode(130)
}

// The prompt appears on the terminal even if the value goes to a pipe.
func TestGetIntoAPipeAsksOnTheTerminal(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key := w.Protect("horse battery")
	d := w.Start("sh", "-c", scripttest.Binary(t, scripttest.Ragenv)+" get NGC_API_KEY >value")
	d.Expect("Passphrase of your keychain: ").Send("horse battery\r").WantCode(0)
	d.WantHidden(key, "horse battery")
	value, err := os.ReadFile(filepath.Join(w.Dir, "value"))
	if err != nil || string(value) != key+"\n" {
		t.Errorf("the pipe got %d bytes (%v), want the key and a line break", len(value), err)
	}
}

func TestUnlockAndLock(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key := w.Protect("horse battery")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "unlock", "--for", "20m")
	d.Expect("Passphrase of your keychain: ").Send("horse battery\r")
	if d.End() != 0 {
		if strings.Contains(d.Text(), "no place to keep the keychain open") {
			t.Skip("this machine has no kernel keyring, so nothing can stay unlocked")
		}
		t.Fatal(d.Text())
	}
	if !regexp.MustCompile(`ragenv: note: unlocked until (20\d\d-\d\d-\d\d )?\d\d:\d\d\n`).MatchString(d.Text()) {
		t.Error(d.Text())
	}
	w.Start(ragenv, "get", "NGC_API_KEY", "--reveal").Expect(key).WantCode(0)
	w.Start(ragenv, "lock").Expect("ragenv: note: locked\n").WantCode(0)
	d = w.Start(ragenv, "get", "NGC_API_KEY", "--reveal")
	d.Expect("Passphrase of your keychain: ").Send("\x03").WantCode(130)
}

func TestPassphraseChanges(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key := w.Protect("first")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "passphrase")
	d.Expect("Current passphrase: ").Send("wrong\r").Expect("Current passphrase: ").Send("first\r")
	d.Expect("New passphrase (Enter for none): ").Send("horse battery\r").Expect("Confirm passphrase: ").Send("horse battery\r")
	d.Expect("ragenv: note: changed the passphrase and locked the keychain\n").WantCode(0)
	d.WantHidden("first\n", "horse battery")
	if value, _ := w.Stored("NGC_API_KEY"); value != key {
		t.Error("the new passphrase does not give the key")
	}
	d = w.Start(ragenv, "passphrase")
	d.Expect("Current passphrase: ").Send("horse battery\r").Expect("New passphrase").Send("\r").Expect("Confirm passphrase: ").Send("\r")
	d.Expect("removed the passphrase").WantCode(0)
	w.Start(ragenv, "get", "NGC_API_KEY", "--reveal").Expect(key).WantCode(0)
}

func TestGuidedSetup(t *testing.T) {
	t.Parallel()
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Helper))
	w := terminal.NewWorld(t, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	ngc, cyborg := scripttest.NewKey(), "cyborg_"+strings.ToLower(scripttest.NewKey()[6:38])
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "setup")
	d.Expect("New passphrase (Enter for none): ").Send("horse battery\r").Expect("Confirm passphrase: ").Send("horse battery\r")
	d.Expect("ok: Keychain: file backend, with a passphrase\n")
	d.Expect("NVIDIA NGC API key (NGC_API_KEY)").Expect("\"NGC Catalog\"").Expect("Paste it here").Send("\"" + ngc + "\"\r") // quoted by mistake
	d.Expect("Paste it here").Send(ngc + "\r").Expect("ok: Stored NGC_API_KEY\n")
	d.Expect("CyborgDB API key").Expect("Enter if you do not use one").Send("\r").Expect("Skipped. To do it later: ragenv set CYBORGDB_API_KEY\n")
	d.Expect("Let Docker log in to nvcr.io with the stored key? [Y/n] ").SendNow("\r").Expect("ok: Docker uses docker-credential-ngc for nvcr.io (~/.docker/config.json)\n")
	d.Expect(askDetails).SendNow("yesterday\r").Expect("neither a date").Expect("answer y to").Expect(askDetails).SendNow("90d\r")
	d.Expect("ok: Noted: NGC_API_KEY expires on 20")
	if keychain.CanStayUnlocked() {
		d.Expect("ok: Docker receives the key for nvcr.io\nok: Commands receive NGC_API_KEY\n").Expect("ragenv unlock --for 8h\n")
	} else {
		d.Expect("Not checked")
	}
	d.Expect("Next: docker pull nvcr.io/nvidia/blueprint/rag-server:2.6.0\n").WantCode(0)
	d.WantHidden(ngc, "horse battery")

	// A second run skips what is done and what is not used.
	d = w.Start(ragenv, "setup")
	d.Expect("ok: NGC_API_KEY is stored\nok: Docker uses").Expect("Next: ").WantCode(0)
	if strings.Contains(d.Text(), "CyborgDB") {
		t.Error("it asks again for the key that is not used:\n" + d.Text())
	}
	w.Start(ragenv, "config", "--used", "CYBORGDB_API_KEY").WantCode(0)

	// It offers a key that is set in the shell.
	w.Env = append(w.Env, "CYBORGDB_API_KEY="+cyborg)
	d = w.Start(ragenv, "setup")
	d.Expect("$CYBORGDB_API_KEY is set in this shell. Store that key? [Y/n] ").SendNow("y\r")
	d.Expect("ok: Stored CYBORGDB_API_KEY\n").WantCode(0)
	d.WantHidden(cyborg)
	for name, want := range map[string]string{"NGC_API_KEY": ngc, "CYBORGDB_API_KEY": cyborg} {
		if value, _ := w.Stored(name); value != want {
			t.Errorf("%s: another value than was given is stored", name)
		}
	}
}

// askDetails is the end of the one question about what can wait.
const askDetails = "(90d, a date)? Enter to skip: "

// Once a key was entered it is stored, no matter how setup ends.
func TestGuidedSetupKeepsWhatWasGiven(t *testing.T) {
	t.Parallel()
	questions := map[string]func(d *terminal.Dialogue){
		"the next key": func(d *terminal.Dialogue) { d.Expect("Enter if you do not use one") },
		"Docker":       func(d *terminal.Dialogue) { d.Expect("Enter if you do not use one").Send("\r").Expect(dockerPrompt) },
		"the expiry": func(d *terminal.Dialogue) {
			d.Expect("Enter if you do not use one").Send("\r").Expect(dockerPrompt).SendNow("n\r").Expect(askDetails)
		},
	}
	for event, code := range map[string]int{"\x03": 130, "\x04": 130, "SIGHUP": 129} {
		for question, ask := range questions {
			t.Run(fmt.Sprintf("%q at %s", event, question), func(t *testing.T) {
				w, key := terminal.NewWorld(t), scripttest.NewKey()
				if _, err := keychain.CreateFileStore(w.KeychainOptions(), keychain.Protection{WorkFactor: 10}); err != nil {
					t.Fatal(err)
				}
				d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "setup")
				d.Expect("Paste it here").Send(key + "\r")
				ask(d)
				if event == "SIGHUP" { // as when a terminal is closed or a connection drops
					d.SignalForeground(syscall.SIGHUP)
				} else {
					d.SendNow(event)
				}
				d.WantCode(code)
				if value, _ := w.Stored("NGC_API_KEY"); value != key {
					t.Error("the key is lost")
				}
			})
		}
	}
}

// If the unlock expires during setup, setup asks again.
func TestGuidedSetupUnlocksAgain(t *testing.T) {
	t.Parallel()
	if !keychain.CanStayUnlocked() {
		t.Skip("this machine has no kernel keyring, so nothing can stay unlocked")
	}
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Helper))
	w := terminal.NewWorld(t, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	w.Protect("horse battery")
	w.Lock()
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "setup", "--docker")
	d.Expect("Passphrase of your keychain: ").Send("horse battery\r")
	d.Expect("ok: NGC_API_KEY is stored\n").Expect("Enter if you do not use one")
	w.Lock()
	d.Send("\r").Expect("ok: Docker uses").Expect("Passphrase of your keychain: ").Send("horse battery\r")
	d.Expect("ok: Docker receives the key for nvcr.io\nok: Commands receive NGC_API_KEY\n").Expect("Next: docker pull ").WantCode(0)
}

// setup offers a key that docker login left in config.json, and moves it when it configures Docker. The
// whole dialogue fits one screen.
func TestGuidedSetupFindsALogin(t *testing.T) {
	t.Parallel()
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Helper))
	w, key := terminal.NewWorld(t, "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH")), scripttest.NewKey()
	path := filepath.Join(w.Dir, "home", ".docker", "config.json")
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		t.Fatal(err)
	}
	auth := base64.StdEncoding.EncodeToString([]byte("$oauthtoken:" + key))
	if err := os.WriteFile(path, []byte(`{"auths":{"nvcr.io":{"auth":"`+auth+`"}}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "setup", "--no-passphrase", "--docker")
	d.Expect("Keychain: file backend, without a passphrase\n")
	d.Expect("docker login left one in plain text in ~/.docker/config.json. Store it? [Y/n] ").SendNow("\r").Expect("Stored NGC_API_KEY")
	d.Expect("CyborgDB").Expect("Paste it here").Send("\r").Expect("moved the login for nvcr.io into the keychain, as NGC_API_KEY")
	d.Expect(askDetails).SendNow("\r")
	d.Expect("Docker receives the key for nvcr.io\n").Expect("Commands receive NGC_API_KEY\n")
	d.Expect("Next: docker pull ").WantCode(0)
	d.WantHidden(key, auth)
	if text, err := os.ReadFile(path); err != nil || strings.Contains(string(text), auth) {
		t.Errorf("the login is still in config.json (%v)", err)
	}
	if lines := strings.Count(d.Text(), "\n"); lines > 24 {
		t.Errorf("%d lines, more than a screen:\n%s", lines, d.Text())
	}
}

// Help is wrapped at the terminal's width.
func TestHelpFitsTheTerminal(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	for _, columns := range []int{60, 80, 200} {
		d := w.Start("sh", "-c", fmt.Sprintf("stty cols %d && exec %s set --help", columns, scripttest.Binary(t, scripttest.Ragenv)))
		d.WantCode(0)
		widest := 0
		for line := range strings.Lines(d.Text()) {
			widest = max(widest, len(strings.TrimRight(line, "\n")))
		}
		if limit := min(columns, 100); widest > limit || widest < limit-20 {
			t.Errorf("at %d columns the widest line has %d", columns, widest)
		}
	}
}

// A list never cuts a date, nor a name until it cannot be recognized, however narrow the terminal is.
func TestListFitsTheTerminal(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	w.Open()
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	for _, profile := range []string{"default", "staging"} {
		w.Start("sh", "-c", ragenv+" --profile "+profile+" set APP_VECTORSTORE_INDEXKEY --generate --expires 2099-12-31").WantCode(0)
	}
	for _, columns := range []int{36, 40, 60, 80, 200} {
		d := w.Start("sh", "-c", fmt.Sprintf("stty cols %d && exec %s list --all", columns, ragenv))
		d.WantCode(0)
		text := d.Text()
		for line := range strings.Lines(text) {
			if len([]rune(strings.TrimRight(line, "\r\n"))) > columns {
				t.Errorf("at %d columns: %q", columns, line)
			}
		}
		for _, whole := range []string{"APP_VECTORSTORE", "staging", "2099-12-31", time.Now().Format("2006-")} {
			if strings.Count(text, whole) == 0 || strings.Contains(text, "-12…") {
				t.Errorf("at %d columns without %s:\n%s", columns, whole, text)
			}
		}
	}
}

// The command gets the terminal itself: its size, its signals, and the resulting exit code.
func TestRunOnATerminal(t *testing.T) {
	t.Parallel()
	w := terminal.NewWorld(t)
	key := w.Protect("horse battery")
	ragenv := scripttest.Binary(t, scripttest.Ragenv)
	d := w.Start(ragenv, "--quiet", "--", "sh", "-c", `test -t 0 && test -t 1 && test -t 2 && echo "terminal ${#NGC_API_KEY}"; trap "echo caught; exit 9" INT; echo ready; while :; do sleep 0.1; done`)
	d.Expect("Passphrase of your keychain: ").Send("horse battery\r").Expect("terminal 70\n").Expect("ready").SendNow("\x03").Expect("caught").WantCode(9)
	d.WantHidden(key, "horse battery")

	w.Lock()
	d = w.Start(ragenv, "-q", "--", "sleep", "600")
	d.Expect("Passphrase of your keychain: ").Send("horse battery\r")
	terminal.WaitFor(t, "sleep to take ragenv's place", func() bool {
		name, err := processName(d.Pid())
		return err != nil || strings.Contains(name, "sleep")
	})
	d.SendNow("\x03").WantCode(128 + int(syscall.SIGINT))

	// If the prompt is canceled, nothing is started.
	w.Lock()
	d = w.Start(ragenv, "--", "touch", "started")
	d.Expect("Passphrase of your keychain: ").Send("\x03").Expect("ragenv: error: interrupted\n").WantCode(130)
	if _, err := os.Stat(filepath.Join(w.Dir, "started")); err == nil {
		t.Error("the command was started")
	}
}

// processName asks ps, which both Linux and macOS have.
func processName(pid int) (string, error) {
	out, err := exec.Command("ps", "-o", "comm=", "-p", strconv.Itoa(pid)).Output()
	return string(out), err
}

// There is no prompt without a terminal, and while ragenv waits at a prompt its arguments contain no key.
func TestNoKeyInArguments(t *testing.T) {
	t.Parallel()
	if _, err := os.Stat("/proc/self/cmdline"); err != nil {
		t.Skip("no /proc to look for arguments in")
	}
	w, key := terminal.NewWorld(t), scripttest.NewKey()
	d := w.Start(scripttest.Binary(t, scripttest.Ragenv), "set", "NGC_API_KEY")
	d.Expect("(hidden): ").Send(key + "\r").Expect("New passphrase")
	arguments, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(d.Pid()), "cmdline"))
	if err != nil || !strings.HasSuffix(string(arguments), "\x00set\x00NGC_API_KEY\x00") {
		t.Errorf("arguments %q, %v", strings.ReplaceAll(string(arguments), key, "(the key)"), err)
	}
	d.Send("\x03").WantCode(130)
}

// The programs are built once and removed after the last test.
func TestMain(m *testing.M) { scripttest.Waiting(m) }
