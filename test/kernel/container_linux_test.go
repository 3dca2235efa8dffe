package kernel

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// containerUser is an unused user ID, so this test alone uses its keyring in the kernel.
const containerUser = 61234

// TestContainerOfTheSameUser checks that a container of the same user, without a user namespace and without
// seccomp, can read the user's keyring. Neither the keyring nor a copy of the store is enough to open the
// store; both together are.
func TestContainerOfTheSameUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root runs containers without a user namespace")
	}
	for _, program := range []string{"runc", "keyctl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the program %s is not installed", program)
		}
	}
	dir, err := os.MkdirTemp("/tmp", "container") // only root may enter the parents of t.TempDir
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	home, bin, rootfs := filepath.Join(dir, "home"), filepath.Join(dir, "bin"), filepath.Join(dir, "rootfs")
	for _, d := range []string{home, bin, rootfs} {
		if err := os.Mkdir(d, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Chown(home, containerUser, containerUser); err != nil {
		t.Fatal(err)
	}
	program, err := os.ReadFile(scripttest.Binary(t, scripttest.Ragenv))
	if err != nil {
		t.Fatal(err)
	}
	ragenv := filepath.Join(bin, "ragenv")
	if err := os.WriteFile(ragenv, program, 0o755); err != nil {
		t.Fatal(err)
	}

	// On the host: a store with a passphrase, unlocked by "ragenv unlock".
	key, passphrase := scripttest.NewKey(), scripttest.NewKey()
	onHost := func(stdin string, env []string, args ...string) string {
		t.Helper()
		cmd := exec.Command(args[0], args[1:]...)
		cmd.Stdin, cmd.Env, cmd.Dir = strings.NewReader(stdin), append([]string{"HOME=" + home, "PATH=" + os.Getenv("PATH")}, env...), home
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: containerUser, Gid: containerUser}}
		out, err := cmd.CombinedOutput()
		if err != nil {
			t.Fatalf("%q: %v: %s", args, err, strings.ReplaceAll(string(out), key, "(key)"))
		}
		return string(out)
	}
	file := filepath.Join(home, "passphrase")
	onHost("", nil, "sh", "-c", "umask 077; printf '%s\n' \"$0\" >passphrase", passphrase)
	passphraseFile := []string{"RAGENV_PASSPHRASE_FILE=" + file}
	onHost("", passphraseFile, ragenv, "setup", "--work-factor", "14")
	onHost(key+"\n", passphraseFile, ragenv, "set", "NGC_API_KEY")
	onHost("", passphraseFile, ragenv, "unlock")
	t.Cleanup(func() { onHost("", nil, ragenv, "lock") })
	if got := onHost("", nil, ragenv, "get", "NGC_API_KEY"); strings.TrimSpace(got) != key {
		t.Skip("the kernel keeps no unlocked identity here")
	}
	onHost("", nil, "rm", file)

	inContainer := func(name, home, script string) string {
		t.Helper()
		bundle := filepath.Join(dir, name)
		if err := os.Mkdir(bundle, 0o700); err != nil {
			t.Fatal(err)
		}
		config, err := json.Marshal(containerConfig(rootfs, bin, home, script))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(bundle, "config.json"), config, 0o600); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command("runc", "--root", filepath.Join(dir, "state"), "run", "--bundle", bundle, fmt.Sprintf("ragenv-test-%d-%s", os.Getpid(), name))
		var stdout, stderr bytes.Buffer
		cmd.Stdout, cmd.Stderr = &stdout, &stderr
		if err := cmd.Run(); err != nil && strings.Contains(stderr.String(), "runc run failed") {
			t.Skipf("runc does not run here: %s", stderr.String())
		}
		return stdout.String() + stderr.String()
	}

	// The container has the user's keyring and can read it.
	empty := filepath.Join(dir, "empty")
	onHost("", nil, "mkdir", "-m", "700", filepath.Join(home, "copy"))
	if err := os.Mkdir(empty, 0o755); err != nil {
		t.Fatal(err)
	}
	ring := inContainer("keyring", empty, `keyctl show @u && for id in $(keyctl show @u | sed -n 's/^ *\([0-9][0-9]*\).* user: .*/\1/p'); do echo "PAYLOAD $(keyctl pipe $id | od -An -tx1 | tr -d ' \n')"; done`)
	payloads := regexp.MustCompile(`PAYLOAD ([0-9a-f]{32,})`).FindAllStringSubmatch(ring, -1)
	if len(payloads) == 0 {
		t.Fatalf("the container reads no key of the user's: %s", ring)
	}
	for _, payload := range payloads {
		if hex := fmt.Sprintf("%x", "AGE-SECRET-KEY"); strings.Contains(payload[1], hex) || strings.Contains(payload[1], fmt.Sprintf("%x", "age-secret-key")) {
			t.Error("the keyring holds the identity")
		}
	}

	// A copy of the store without its half of the secret is locked, although the keyring has the other
	// half.
	onHost("", nil, "sh", "-c", "mkdir -p copy/.local/share && cp -r .local/share/ragenv copy/.local/share/ && rm copy/.local/share/ragenv/unlock-key")
	if out := inContainer("copy", filepath.Join(home, "copy"), "ragenv get NGC_API_KEY"); strings.Contains(out, key) || !strings.Contains(out, "the keychain is locked") {
		t.Errorf("the keyring and a copy of the store without its file unlock-key: %q", strings.ReplaceAll(out, key, "(key)"))
	}
	// The whole store has both halves available, as docs/threat-model.md says.
	if out := inContainer("both", home, "ragenv get NGC_API_KEY"); strings.TrimSpace(out) != key {
		t.Errorf("with both halves: %q", strings.ReplaceAll(out, key, "(key)"))
	}
}

// containerConfig returns an OCI runtime configuration: the host's programs, read-only, a home, no user
// namespace, no seccomp.
func containerConfig(rootfs, bin, home, script string) map[string]any {
	mounts := []map[string]any{
		{"destination": "/proc", "type": "proc", "source": "proc"},
		{"destination": "/dev", "type": "tmpfs", "source": "tmpfs", "options": []string{"nosuid", "mode=755"}},
		{"destination": "/opt/bin", "type": "bind", "source": bin, "options": []string{"bind", "ro"}},
		{"destination": "/home/user", "type": "bind", "source": home, "options": []string{"bind", "rw"}},
	}
	for _, d := range []string{"/usr", "/bin", "/lib", "/lib64"} {
		if _, err := os.Stat(d); err == nil {
			mounts = append(mounts, map[string]any{"destination": d, "type": "bind", "source": d, "options": []string{"bind", "ro"}})
		}
	}
	return map[string]any{
		"ociVersion": "1.0.2",
		"process": map[string]any{
			"user": map[string]any{"uid": containerUser, "gid": containerUser}, "cwd": "/",
			"args": []string{"sh", "-c", script},
			"env":  []string{"PATH=/opt/bin:/usr/bin:/bin", "HOME=/home/user"},
		},
		"root":   map[string]any{"path": rootfs},
		"mounts": mounts,
		"linux": map[string]any{
			"namespaces": []map[string]any{{"type": "pid"}, {"type": "ipc"}, {"type": "uts"}, {"type": "mount"}},
		},
	}
}
