package main

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// "sudo ragenv list" finds no keys of root; the message names sudo and whose keys there are. The caller's
// home comes from /etc/passwd, so the test mounts its own file there, in a mount namespace.
func TestListUnderSudo(t *testing.T) {
	dir := t.TempDir()
	passwd, caller := filepath.Join(dir, "passwd"), filepath.Join(dir, "caller")
	if err := os.WriteFile(passwd, fmt.Appendf(nil, "root:x:0:0::/root:/bin/sh\nsomebody:x:4711:4711::%s:/bin/sh\n", caller), 0o644); err != nil {
		t.Fatal(err)
	}
	if out, err := exec.Command("unshare", "-rm", "mount", "--bind", passwd, "/etc/passwd").CombinedOutput(); err != nil {
		t.Skipf("no mount namespace can be had here: %v: %s", err, out)
	}
	if err := os.MkdirAll(filepath.Join(caller, ".config", "ragenv"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(caller, ".config", "ragenv", "config.toml"), []byte("backend = \"file\"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	env, err := scripttest.Environ(filepath.Join(dir, "root"))
	if err != nil {
		t.Fatal(err)
	}
	for user, want := range map[string]string{"somebody": "ragenv: hint: run ragenv as somebody, without sudo\n", "": "ragenv: hint: ragenv setup\n"} {
		cmd := exec.Command("unshare", "-rm", "sh", "-c", `mount --bind "$1" /etc/passwd && exec "$2" list`, "sh", passwd, scripttest.Binary(t, scripttest.Ragenv))
		cmd.Env = append(env, "PATH="+os.Getenv("PATH"), "SUDO_USER="+user)
		out, err := cmd.CombinedOutput()
		if err != nil || !strings.HasSuffix(string(out), want) || strings.Contains(string(out), "the keys of somebody are in "+caller) != (user != "") {
			t.Errorf("called by %q: %v\n%swant at the end: %s", user, err, out, want)
		}
	}
}
