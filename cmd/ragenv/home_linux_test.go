package main

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// In a container job on GitHub, root's home belongs to the runner's user. This checks what docs/ci.md says
// about it.
func TestHomeOfAnotherUser(t *testing.T) {
	if os.Geteuid() != 0 {
		t.Skip("only root gives directories away")
	}
	home := filepath.Join(t.TempDir(), "github")
	if err := os.Mkdir(home, 0o755); err != nil {
		t.Fatal(err)
	}
	if err := os.Chown(home, 1001, 1001); err != nil {
		t.Fatal(err)
	}
	key := scripttest.NewKey()
	bin := filepath.Dir(scripttest.Binary(t, scripttest.Ragenv))
	run := func(home, stdin string, args ...string) (string, bool) {
		cmd := exec.Command(filepath.Join(bin, args[0]), args[1:]...)
		cmd.Stdin, cmd.Env = strings.NewReader(stdin), []string{"HOME=" + home, "PATH=" + bin + ":" + os.Getenv("PATH"), "NGC_API_KEY=" + key}
		out, err := cmd.CombinedOutput()
		return strings.ReplaceAll(string(out), key, "(key)"), err == nil
	}
	refusal := home + " belongs to user 1001, but this process runs as user 0"
	for _, c := range []struct {
		home, stdin, args string
		want              string // expected in the output
		ok                bool
	}{
		{home, "", "ragenv docker configure", "Docker now uses docker-credential-ngc", true},
		{home, "nvcr.io", "docker-credential-ngc get", `"Secret":"(key)"`, true},
		{home, "", "ragenv -- true", "", true},
		{home, "", "ragenv docker unconfigure", refusal, false},
		{home, "", "ragenv setup --yes --no-passphrase --from-env", refusal, false},
		{home, "", "ragenv list", refusal, false},
		{home, "nvcr.io", "docker-credential-ngc get", refusal, false},
		{home, "", "ragenv doctor", "chown", false},
		{t.TempDir(), "", "ragenv setup --yes --no-passphrase --from-env", "stored NGC_API_KEY", true},
	} {
		if out, ok := run(c.home, c.stdin, strings.Fields(c.args)...); ok != c.ok || !strings.Contains(out, c.want) {
			t.Errorf("%s: success is %v, want %v, with %q:\n%s", c.args, ok, c.ok, c.want, out)
		}
	}
}
