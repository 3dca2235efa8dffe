//go:build linux

// Package ansible_test runs docs/examples/ansible against two hosts: instances of sshd on this machine,
// with separate ports and homes. The short form is a first run on one host. The long form runs the playbook
// again, also after a rotation.
package ansible_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) { scripttest.Clean(m) }

const example = "../../docs/examples/ansible"

// host is an sshd whose logins get a home of their own.
type host struct {
	name, home string
	port       int
}

func write(t *testing.T, path, text string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

func output(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v: %s", name, err, out)
	}
	return string(out)
}

// freePort returns a port that was free a moment ago.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	return l.Addr().(*net.TCPAddr).Port
}

// startHost starts an sshd that accepts the user key in dir, and adds its host key to known_hosts.
func startHost(t *testing.T, dir, name, path string) host {
	t.Helper()
	h := host{name: name, home: filepath.Join(dir, name), port: freePort(t)}
	if err := os.MkdirAll(filepath.Join(h.home, "bin"), 0o700); err != nil {
		t.Fatal(err)
	}
	key := filepath.Join(dir, name+".key")
	output(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", key)
	public, err := os.ReadFile(key + ".pub")
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.OpenFile(filepath.Join(dir, "known_hosts"), os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := fmt.Fprintf(f, "[127.0.0.1]:%d %s", h.port, public); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	config := filepath.Join(dir, name+".conf")
	write(t, config, fmt.Sprintf(`ListenAddress 127.0.0.1:%d
HostKey %s
AuthorizedKeysFile %s
PidFile none
UsePAM no
StrictModes no
PermitRootLogin prohibit-password
PasswordAuthentication no
KbdInteractiveAuthentication no
SetEnv HOME=%s XDG_CONFIG_HOME=%s/.config XDG_DATA_HOME=%s/.local/share XDG_STATE_HOME=%s/.local/state DOCKER_CONFIG=%s/.docker PATH=%s
`, h.port, key, filepath.Join(dir, "user.pub"), h.home, h.home, h.home, h.home, h.home, path))
	sshd, err := exec.LookPath("sshd")
	if err != nil {
		sshd = "/usr/sbin/sshd"
	}
	cmd := exec.Command(sshd, "-D", "-e", "-f", config)
	log, err := os.Create(filepath.Join(dir, name+".log"))
	if err != nil {
		t.Fatal(err)
	}
	cmd.Stderr = log
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() { _ = cmd.Wait(); close(ended) }()
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		<-ended
		_ = log.Close()
	})
	for {
		c, err := net.Dial("tcp", fmt.Sprintf("127.0.0.1:%d", h.port))
		if err == nil {
			_ = c.Close()
			return h
		}
		select {
		case <-ended:
			text, _ := os.ReadFile(log.Name())
			t.Fatalf("sshd has ended: %s", text)
		case <-time.After(10 * time.Millisecond):
		}
	}
}

var recap = regexp.MustCompile(`(?m)^(node\d) +: ok=\d+ +changed=(\d+) +unreachable=0 +failed=0`)

func TestPlaybook(t *testing.T) {
	for _, program := range []string{"ansible-playbook", "ssh", "ssh-keygen", "python3"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("%s is not installed", program)
		}
	}
	if _, err := os.Stat("/usr/sbin/sshd"); err != nil {
		t.Skip("sshd is not installed")
	}
	if os.Geteuid() == 0 {
		if _, err := os.Stat("/run/sshd"); err != nil { // sshd's directory for privilege separation
			if err := os.Mkdir("/run/sshd", 0o755); err != nil {
				t.Skipf("sshd cannot run: %v", err)
			}
			t.Cleanup(func() { _ = os.Remove("/run/sshd") })
		}
	}
	dir := t.TempDir()
	programs := filepath.Dir(scripttest.Binary(t, scripttest.Ragenv))
	output(t, "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", filepath.Join(dir, "user"))
	path := "/usr/local/bin:/usr/bin:/bin"
	var hosts []host
	inventory := ""
	names := []string{"node1"} // one in the short form: each task takes seconds per host
	if rounds.Long() {
		names = []string{"node1", "node2"}
	}
	for _, name := range names {
		h := startHost(t, dir, name, path)
		hosts = append(hosts, h)
		inventory += fmt.Sprintf("%s ansible_host=127.0.0.1 ansible_port=%d ragenv_bin=%s ragenv_store=~/.local/share/ragenv ansible_python_interpreter=/usr/bin/python3\n", name, h.port, filepath.Join(h.home, "bin"))
	}
	write(t, filepath.Join(dir, "hosts.ini"), inventory)
	home := filepath.Join(dir, "controller")
	own, err := scripttest.Environ(home)
	if err != nil {
		t.Fatal(err)
	}
	environ := append(own,
		"PATH="+programs+string(os.PathListSeparator)+os.Getenv("PATH"), "LC_ALL=C.UTF-8", "ANSIBLE_NOCOLOR=1", "ANSIBLE_LOCALHOST_WARNING=0",
		"ANSIBLE_PRIVATE_KEY_FILE="+filepath.Join(dir, "user"), "ANSIBLE_SSH_ARGS=-F /dev/null -o ControlMaster=no -o UserKnownHostsFile="+filepath.Join(dir, "known_hosts"))
	if !rounds.Long() {
		environ = append(environ, "ANSIBLE_PIPELINING=1") // one connection per task instead of four; the long form keeps Ansible's default
	}
	controller := func(stdin string, name string, args ...string) string {
		t.Helper()
		ctx, cancel := context.WithTimeout(t.Context(), 9*time.Minute)
		defer cancel()
		cmd := exec.CommandContext(ctx, name, args...)
		cmd.Env, cmd.Dir, cmd.Stdin = environ, dir, strings.NewReader(stdin)
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%s: %v:\n%s", name, err, out)
		}
		return string(out)
	}
	ragenv := filepath.Join(programs, scripttest.Ragenv)
	first, second := scripttest.NewKey(), scripttest.NewKey()
	controller("", ragenv, "setup", "--yes", "--no-passphrase")
	controller(first, ragenv, "set", "NGC_API_KEY", "--expires", "2099-01-31")

	// run runs the playbook and returns the number of changed tasks per host.
	playbook, err := filepath.Abs(filepath.Join(example, "ragenv.yml"))
	if err != nil {
		t.Fatal(err)
	}
	run := func(when, key string) (changed []string) {
		t.Helper()
		out := controller("", "ansible-playbook", "-vv", "-i", "hosts.ini", "-e", "ragenv_programs="+programs, playbook)
		for _, m := range recap.FindAllStringSubmatch(out, -1) {
			t.Logf("%s: %s", when, m[0])
			changed = append(changed, m[2])
		}
		for _, secret := range []string{first, second} {
			if scripttest.Holds(out, secret) {
				t.Errorf("%s: the output shows the key", when)
			}
			if found, err := scripttest.FindInFiles(dir, secret, filepath.Join(home, "none")); err != nil {
				t.Error(err)
			} else if found != "" && !strings.Contains(found, "/.local/share/ragenv/") {
				t.Errorf("%s: %s holds the key", when, found)
			}
		}
		for _, h := range hosts {
			cmd := exec.Command(filepath.Join(h.home, "bin", scripttest.Helper), "get")
			cmd.Env = []string{"HOME=" + h.home, "PATH=" + path}
			cmd.Stdin = strings.NewReader("nvcr.io")
			if answer, err := cmd.Output(); err != nil || !scripttest.Holds(string(answer), key) {
				t.Errorf("%s: the helper of %s answers otherwise: %v", when, h.name, err)
			}
		}
		return changed
	}
	want := func(when, key, each string) {
		t.Helper()
		if changed := run(when, key); !slices.Equal(changed, slices.Repeat([]string{each}, len(hosts))) {
			t.Errorf("%s: changed %q, want %q on each of %d hosts", when, changed, each, len(hosts))
		}
	}
	want("the first run", first, "4") // programs, keychain, key, Docker
	if !rounds.Long() {
		return
	}
	want("again", first, "0")
	controller(second, ragenv, "rotate", "NGC_API_KEY", "--offline", "--expires", "2099-02-28")
	want("after a rotation", second, "1")
	list := exec.Command(filepath.Join(hosts[0].home, "bin", scripttest.Ragenv), "list", "--json")
	list.Env = []string{"HOME=" + hosts[0].home, "PATH=" + path}
	if out, err := list.Output(); err != nil || !strings.Contains(string(out), `"expires": "2099-`) {
		t.Errorf("the expiry did not come along: %v\n%s", err, out)
	}
}
