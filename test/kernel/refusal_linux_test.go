// Package kernel tests the programs on kernels that refuse keyctl, add_key and request_key, as under a
// container's seccomp profile, systemd's SystemCallFilter, an exhausted quota or an old kernel.
package kernel

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
)

const envInside = "RAGENV_TEST_OWN_KEYRING"

var calls = []string{"keyctl", "add_key", "request_key"}

// errors returns the errors to try. The short form omits those that the programs do not treat apart from
// another one: EACCES means the same as EPERM, and EINVAL and ENOMEM mean nothing special.
func errors() []string {
	list := []string{"EPERM", "ENOSYS", "EDQUOT"}
	if rounds.Long() {
		list = append(list, "EACCES", "EINVAL", "ENOMEM")
	}
	return list
}

const passphrase = "words of a test"

type world struct{ bin, home string }

// newWorld reruns the test in a user namespace, which has its own user keyring.
func newWorld(t *testing.T) world {
	t.Helper()
	for _, program := range []string{"strace", "unshare"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the program %s is not installed", program)
		}
	}
	if os.Getenv(envInside) == "" {
		if out, err := exec.Command("unshare", "-Ur", "strace", "-f", "--seccomp-bpf", "-o", os.DevNull, "true").CombinedOutput(); err != nil {
			t.Skipf("no user namespace, or no strace in it: %v: %s", err, out)
		}
		bin := filepath.Dir(scripttest.Binary(t, scripttest.Ragenv))
		cmd := exec.Command("unshare", "-Ur", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
		cmd.Env = append(os.Environ(), envInside+"="+bin)
		out, err := cmd.CombinedOutput()
		t.Logf("in a user namespace:\n%s", out)
		if err != nil || !bytes.Contains(out, []byte("--- PASS: "+t.Name())) {
			t.Fatal(err)
		}
		return world{}
	}
	return world{bin: os.Getenv(envInside), home: t.TempDir()}
}

type outcome struct {
	stdout, stderr string
	code           int
}

func (w world) run(stdin, fault string, args ...string) outcome {
	argv := append([]string{filepath.Join(w.bin, args[0])}, args[1:]...)
	if fault != "" {
		argv = append([]string{"strace", "-f", "--seccomp-bpf", "-qq", "-o", os.DevNull, "-e", "trace=keyctl,add_key,request_key", "-e", "inject=" + fault}, argv...)
	}
	cmd := exec.Command(argv[0], argv[1:]...)
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(stdin), &stdout, &stderr
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + w.home}
	cmd.Env = append(cmd.Env, w.environment()...)
	_ = cmd.Run()
	return outcome{stdout.String(), stderr.String(), cmd.ProcessState.ExitCode()}
}

// environment returns the lines of the file "env" in the home.
func (w world) environment() []string {
	data, _ := os.ReadFile(filepath.Join(w.home, "env"))
	return strings.Fields(string(data))
}

func (w world) setenv(t *testing.T, assignments ...string) {
	t.Helper()
	if err := os.WriteFile(filepath.Join(w.home, "env"), []byte(strings.Join(assignments, "\n")), 0o600); err != nil {
		t.Fatal(err)
	}
}

func (w world) must(t *testing.T, stdin string, args ...string) string {
	t.Helper()
	o := w.run(stdin, "", args...)
	if o.code != 0 {
		t.Fatalf("%v: exit code %d: %s", args, o.code, o.stderr)
	}
	return o.stdout
}

// unlocked reports whether the store is open to a process with an unrestricted kernel.
func (w world) unlocked() bool { return w.run("", "", "ragenv", "get", "NGC_API_KEY").code == 0 }

// oneClearError returns an error unless the outcome is one clear error.
func oneClearError(o outcome) error {
	switch {
	case strings.Count(o.stderr, ": error: ") != 1:
		return fmt.Errorf("not one error: %s", o.stderr)
	case strings.Count(o.stderr, ": hint: ") != 1:
		return fmt.Errorf("not one hint: %s", o.stderr)
	case strings.Contains(o.stderr, "XDG_DATA_HOME"), strings.Contains(o.stderr, "disk"):
		return fmt.Errorf("it speaks of files: %s", o.stderr)
	case strings.Contains(o.stderr, "goroutine"):
		return fmt.Errorf("a panic: %s", o.stderr)
	}
	return nil
}

// command uses the kernel's keyrings. prepare sets the state of the world, and check judges the outcome.
type command struct {
	name    string
	stdin   string // "KEY" stands for the stored key
	args    []string
	prepare func(t *testing.T, w world)
	check   func(w world, o outcome, key string) error
}

var fileCommands = []command{
	{
		name: "unlock", args: []string{"ragenv", "unlock"},
		prepare: func(t *testing.T, w world) { w.must(t, "", "ragenv", "lock"); w.provide(t) },
		check: func(w world, o outcome, _ string) error {
			w.forget()
			if w.unlocked() != (o.code == 0) {
				return fmt.Errorf("exit code %d, and unlocked is %t", o.code, w.unlocked())
			}
			return nil
		},
	},
	{
		name: "lock", args: []string{"ragenv", "lock"}, prepare: unlock,
		check: func(w world, o outcome, _ string) error {
			if o.code == 0 && w.unlocked() {
				return fmt.Errorf("it said %q, and the store is open", strings.TrimSpace(o.stderr))
			}
			if o.code != 0 && !strings.Contains(o.stderr, "may still be unlocked") {
				return fmt.Errorf("not that it may be open: %s", o.stderr)
			}
			return nil
		},
	},
	{
		name: "get", args: []string{"ragenv", "get", "NGC_API_KEY"}, prepare: unlock,
		check: func(_ world, o outcome, key string) error {
			if o.code == 0 && strings.TrimSpace(o.stdout) != key {
				return fmt.Errorf("another value")
			}
			if o.code != 0 && !strings.Contains(o.stderr, "locked") {
				return fmt.Errorf("not that it is locked: %s", o.stderr)
			}
			return nil
		},
	},
	{name: "helper get", stdin: "nvcr.io", args: []string{"docker-credential-ngc", "get"}, prepare: unlock},
	{name: "list", args: []string{"ragenv", "list"}, prepare: unlock, check: works},
	{name: "set", stdin: "KEY", args: []string{"ragenv", "set", "NGC_API_KEY"}, prepare: unlock, check: worksOrIsLocked},
}

var keyctlCommands = []command{
	{name: "keyctl get", args: []string{"ragenv", "get", "NGC_API_KEY"}},
	{name: "keyctl list", args: []string{"ragenv", "list"}},
	{name: "keyctl set", stdin: "KEY", args: []string{"ragenv", "set", "NGC_API_KEY"}, check: quotaIsNamed},
	{name: "keyctl rm", args: []string{"ragenv", "rm", "NO_SUCH"}},
	{name: "keyctl helper", stdin: "nvcr.io", args: []string{"docker-credential-ngc", "get"}},
	{name: "keyctl --", args: []string{"ragenv", "--", "true"}},
	{name: "keyctl unlock", args: []string{"ragenv", "unlock"}},
}

func works(_ world, o outcome, _ string) error {
	if o.code != 0 {
		return fmt.Errorf("exit code %d: %s", o.code, o.stderr)
	}
	return nil
}

// worksOrIsLocked accepts a locked store: reading the value to replace needs the identity in the keyring.
func worksOrIsLocked(_ world, o outcome, _ string) error {
	if o.code != 0 && !strings.Contains(o.stderr, "locked") {
		return fmt.Errorf("not that it is locked: %s", o.stderr)
	}
	return nil
}

func quotaIsNamed(_ world, o outcome, _ string) error {
	if strings.Contains(o.stderr, "quota exceeded") {
		return fmt.Errorf("a disk's words for the kernel's quota of keys: %s", o.stderr)
	}
	return nil
}

func (w world) provide(t *testing.T) {
	t.Helper()
	path := filepath.Join(w.home, "passphrase")
	if err := os.WriteFile(path, []byte(passphrase+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	w.setenv(t, "RAGENV_BACKEND=file", "RAGENV_PASSPHRASE_FILE="+path)
}

// create creates a keychain with the passphrase. Its scrypt is cheap, since scrypt is not under test.
func (w world) create(t *testing.T) {
	t.Helper()
	w.provide(t)
	options := keychain.Options{Backend: keychain.BackendFile, Dir: filepath.Join(w.home, ".local", "share", "ragenv")}
	if _, err := keychain.CreateFileStore(options, keychain.Protection{Passphrase: []byte(passphrase), WorkFactor: 10}); err != nil {
		t.Fatal(err)
	}
}

func (w world) forget() {
	_ = os.WriteFile(filepath.Join(w.home, "env"), []byte("RAGENV_BACKEND=file"), 0o600)
}

func unlock(t *testing.T, w world) {
	t.Helper()
	if w.unlocked() {
		return
	}
	w.provide(t)
	w.must(t, "", "ragenv", "unlock")
	w.forget()
}

// TestRefused makes each call fail with each error. The command must work as described, or fail with one
// clear error.
func TestRefused(t *testing.T) {
	w := newWorld(t)
	if w.home == "" {
		return
	}
	key := scripttest.NewKey()
	w.create(t)
	w.must(t, key, "ragenv", "set", "NGC_API_KEY")
	w.forget()
	w.table(t, fileCommands, key)

	w.setenv(t, "RAGENV_BACKEND=keyctl")
	w.must(t, key, "ragenv", "set", "NGC_API_KEY")
	w.table(t, keyctlCommands, key)
}

func (w world) table(t *testing.T, commands []command, key string) {
	for _, c := range commands {
		for _, call := range calls {
			var line strings.Builder
			for _, errno := range errors() {
				if c.prepare != nil {
					c.prepare(t, w)
				}
				o := w.run(strings.ReplaceAll(c.stdin, "KEY", key), call+":error="+errno, c.args...)
				var err error
				if o.code != 0 {
					err = oneClearError(o)
				}
				if err == nil && c.check != nil {
					err = c.check(w, o, key)
				}
				if err == nil && errno == "EDQUOT" && o.code != 0 && strings.Contains(o.stderr, "disk quota") {
					err = fmt.Errorf("a disk's words for the quota of keys: %s", o.stderr)
				}
				if err != nil {
					t.Errorf("%s, %s fails with %s: %v", c.name, call, errno, err)
				}
				fmt.Fprintf(&line, " %s %s |", errno, brief(o))
			}
			t.Logf("| %s | %s |%s", c.name, call, line.String())
		}
	}
}

// brief returns "ok" or the error of a command.
func brief(o outcome) string {
	if o.code == 0 {
		return "ok"
	}
	_, message, _ := strings.Cut(o.stderr, ": error: ")
	message, _, _ = strings.Cut(message, "\n")
	return fmt.Sprintf("%d: %s", o.code, message)
}
