//go:build unix

// Package macos tests the use of the Keychain on macOS: one key, two programs that read it, and upgrades of
// both.
//
// With CI=1 on macOS it uses the real login keychain. Elsewhere the programs are built for this system with
// the backends of macOS, and a stand-in for the security program.
package macos

import (
	"crypto/rand"
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

const module = "github.com/ragenv/ragenv"

type world struct {
	bin, home, fake string // fake is the stand-in's directory; "" for the real Keychain
	profile         string
}

func newWorld(t *testing.T) world {
	t.Helper()
	w := world{bin: t.TempDir(), home: t.TempDir(), profile: "test-" + strings.ToLower(rand.Text()[:8])}
	if runtime.GOOS == "darwin" {
		if os.Getenv("CI") == "" {
			t.Skip("the Keychain is your own: set CI=1 to use it")
		}
		return w
	}
	w.fake = filepath.Join(w.home, "fake-security")
	return w
}

// install installs both programs with the given version into bin.
func (w world) install(t *testing.T, version string) {
	t.Helper()
	flags := "-X " + module + "/internal/buildinfo.version=" + version
	if w.fake != "" {
		security := filepath.Join(scripttest.Build(t, "macos", "", "./test/macos/security"), "security")
		flags += " -X " + module + "/pkg/keychain.goos=darwin -X " + module + "/pkg/keychain/system.securityProgram=" + security
	}
	built := scripttest.Build(t, "macos-"+version, flags, "./cmd/ragenv", "./cmd/docker-credential-ngc")
	for _, program := range []string{"ragenv", "docker-credential-ngc"} {
		code, err := os.ReadFile(filepath.Join(built, program))
		if err != nil {
			t.Fatal(err)
		}
		path := filepath.Join(w.bin, program)
		_ = os.Remove(path) // as go build and installers do
		if err := os.WriteFile(path, code, 0o755); err != nil {
			t.Fatal(err)
		}
	}
}

func (w world) command(stdin, program string, args ...string) *exec.Cmd {
	cmd := exec.Command(filepath.Join(w.bin, program), args...)
	cmd.Stdin = strings.NewReader(stdin)
	cmd.Env = append(os.Environ(), "RAGENV_PROFILE="+w.profile, "NGC_API_KEY=", "XDG_CONFIG_HOME="+filepath.Join(w.home, "config"),
		"XDG_DATA_HOME="+filepath.Join(w.home, "data"))
	if w.fake != "" { // the real Keychain is found through the home
		cmd.Env = append(cmd.Env, "HOME="+w.home)
	}
	return cmd
}

func (w world) run(t *testing.T, stdin, program string, args ...string) string {
	t.Helper()
	out, err := w.command(stdin, program, args...).CombinedOutput()
	if err != nil { // as after a dialog that nobody answers
		t.Fatalf("%s %v: %v: %s", program, args, err, out)
	}
	return string(out)
}

// pull gets the login for nvcr.io from the helper, as a client does.
func (w world) pull(t *testing.T, key string) {
	t.Helper()
	out, err := w.command("nvcr.io", "docker-credential-ngc", "get").Output()
	var login struct{ Username, Secret string }
	switch {
	case err != nil:
		t.Errorf("get: %v: %s", err, out)
	case json.Unmarshal(out, &login) != nil || login.Username != "$oauthtoken" || login.Secret != key:
		t.Error("get: not the key that was stored")
	}
}

// calls returns what the stand-in recorded.
func (w world) calls(t *testing.T) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join(w.fake, "calls"))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

func TestKeychain(t *testing.T) {
	w := newWorld(t)
	w.install(t, "v0.0.1")
	if w.fake != "" {
		t.Run("locked over SSH", func(t *testing.T) { lockedOverSSH(t, w) })
		w.home = t.TempDir()
		w.fake = filepath.Join(w.home, "fake-security")
	}
	t.Run("one key, two programs", func(t *testing.T) { oneKeyTwoPrograms(t, w) })
}

// A key that ragenv stores can be read by the helper, by many processes at once, and by both programs after
// an upgrade, without a dialog.
func oneKeyTwoPrograms(t *testing.T, w world) {
	key := scripttest.NewKey()

	if out := w.run(t, key+"\n", "ragenv", "set", "NGC_API_KEY"); !strings.Contains(out, "the keychain backend") {
		t.Errorf("the first key did not choose the Keychain: %s", out)
	}
	t.Cleanup(func() { w.run(t, "", "ragenv", "rm", "NGC_API_KEY") })
	w.pull(t, key)

	var pulls sync.WaitGroup
	for range 8 {
		pulls.Go(func() { w.pull(t, key) })
	}
	pulls.Wait()

	w.install(t, "v0.0.2")
	if out := w.run(t, "", "ragenv", "--version"); !strings.Contains(out, "0.0.2") {
		t.Fatalf("not upgraded: %s", out)
	}
	w.pull(t, key)
	if out := w.run(t, "", "ragenv", "get", "NGC_API_KEY"); strings.TrimSpace(out) != key {
		t.Error("ragenv get: not the key that was stored")
	}
	if out := w.run(t, "", "ragenv", "list"); !strings.Contains(out, "NGC_API_KEY") {
		t.Errorf("list: %s", out)
	}

	if w.fake == "" {
		return
	}
	calls := w.calls(t)
	if strings.Contains(calls, key) || strings.Contains(calls, key[10:26]) {
		t.Error("a call holds the key in plain text")
	}
	for call := range strings.Lines(calls) {
		if !strings.HasPrefix(call, `{"Args":["-i"],`) {
			t.Errorf("arguments: %.60s", call)
		}
	}
	t.Logf("%d calls of security, each with the argument -i alone", strings.Count(calls, "\n"))
}

// Over SSH the login keychain is locked, and no dialog can appear.
func lockedOverSSH(t *testing.T, w world) {
	lock := func(state string) {
		t.Helper()
		if err := os.MkdirAll(w.fake, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(w.fake, "state"), []byte(state), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lock("")
	w.run(t, scripttest.NewKey()+"\n", "ragenv", "set", "NGC_API_KEY")
	lock("locked")
	for _, args := range [][]string{{"ragenv", "get", "NGC_API_KEY"}, {"ragenv", "--", "true"}, {"ragenv", "unlock"}, {"docker-credential-ngc", "get"}} {
		out, err := w.command("nvcr.io", args[0], args[1:]...).CombinedOutput()
		if err == nil || !strings.Contains(string(out), "the keychain is locked") || !strings.Contains(string(out), "hint: security unlock-keychain\n") {
			t.Errorf("%v: %v: %s", args, err, out)
		}
	}

	// The first key is not stored where it could not be read back; the file backend is chosen instead.
	w.home = t.TempDir()
	w.fake = filepath.Join(w.home, "fake-security")
	lock("locked")
	out, err := w.command(scripttest.NewKey()+"\n", "ragenv", "setup", "--no-passphrase").CombinedOutput()
	if err != nil || strings.Contains(string(out), "keychain backend") {
		t.Errorf("setup over SSH: %v: %s", err, out)
	}
}
