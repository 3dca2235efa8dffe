//go:build unix

package main

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

// nobody is the user for whom tests that root runs start a program: no mode stops root.
const nobody = 65534

// asUser returns a function that runs a line of the shell as a user without rights, in a home below a directory
// that this user may enter. It returns the standard error's text.
func asUser(t *testing.T) func(t *testing.T, home, line string) (string, error) {
	t.Helper()
	programs := filepath.Join(t.TempDir(), "bin")
	if err := os.MkdirAll(programs, 0o755); err != nil {
		t.Fatal(err)
	}
	permitEntry(t, programs)
	for _, name := range []string{scripttest.Ragenv, scripttest.Helper} { // out of reach of others where they were built
		data, err := os.ReadFile(scripttest.Binary(t, name))
		if err == nil {
			err = os.WriteFile(filepath.Join(programs, name), data, 0o755)
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	return func(t *testing.T, home, line string) (string, error) {
		t.Helper()
		cmd := exec.Command("sh", "-c", "export LC_ALL=C; "+line)
		cmd.Dir = home
		cmd.Env = []string{"HOME=" + home, "PATH=" + programs + ":/usr/bin:/bin", "TMPDIR=" + home}
		cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
		if os.Getuid() == 0 {
			cmd.SysProcAttr.Credential = &syscall.Credential{Uid: nobody, Gid: nobody}
		}
		var stderr bytes.Buffer
		cmd.Stdin, cmd.Stderr = strings.NewReader("kept"), &stderr
		err := cmd.Run()
		return stderr.String(), err
	}
}

// permitEntry lets every user enter the test's temporary directories down to path.
func permitEntry(t *testing.T, path string) {
	t.Helper()
	for dir := filepath.Dir(path); ; dir = filepath.Dir(dir) {
		if err := os.Chmod(dir, 0o755); err != nil {
			t.Fatal(err)
		}
		if strings.HasPrefix(filepath.Base(dir), "Test") {
			return
		}
	}
}

// newHome creates a home of the user for asUser.
func newHome(t *testing.T) string {
	t.Helper()
	home := filepath.Join(t.TempDir(), "my home")
	if err := os.Mkdir(home, 0o700); err != nil {
		t.Fatal(err)
	}
	if os.Getuid() == 0 {
		permitEntry(t, home)
		if err := os.Chown(home, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	return home
}

// In the directory of the homes, other users' homes cannot be read. That is no finding.
func TestOthersHomes(t *testing.T) {
	run, home := asUser(t), newHome(t)
	if err := os.Mkdir(filepath.Join(filepath.Dir(home), "other"), 0); err != nil {
		t.Fatal(err)
	}
	out, err := run(t, home, "ragenv setup --yes --no-passphrase -q && ragenv set A_TOKEN -q && cd .. && ! ls other && ragenv where >&2")
	if err != nil || strings.Contains(out, "other: permission denied") {
		t.Errorf("%v: %s", err, out)
	}
}

// TestPathHints puts something in the way of ragenv's and Docker's files, and runs the hint of each error in
// a shell until the keys are set up. Nothing may be lost.
func TestPathHints(t *testing.T) {
	const steps = 4
	shell := asUser(t)
	const inTheWay = "echo precious > "
	const closed = `"${PWD%/*}/closed"` // a directory above the home in which this user can create nothing
	for _, fault := range []string{
		inTheWay + ".local",
		"ln -s " + closed + "/absent .local",
		`ln -s "$PWD/not/there" .local`,
		"mkdir .local && chmod 500 .local",
		"mkdir -p .local/share && " + inTheWay + ".local/share/ragenv",
		"mkdir -p .local/share && ln -s nowhere .local/share/ragenv",
		"mkdir -p .local/share keys && echo precious > keys/precious && ln -s ../../keys .local/share/ragenv",
		"mkdir -p .local/share/ragenv && chmod 0 .local/share/ragenv",
		inTheWay + ".config",
		"ln -s " + closed + "/absent .config",
		"mkdir .config && chmod 500 .config",
		"mkdir .config && chmod 0 .config",
		"mkdir -p .config/ragenv/config.toml",
		"mkdir -p .config/ragenv && ln -s nowhere .config/ragenv/config.toml",
		"mkdir -p .config/ragenv && touch .config/ragenv/config.toml && chmod 0 .config/ragenv/config.toml",
		"mkdir -p .local/state && chmod 500 .local/state",
		"mkdir .local && " + inTheWay + ".local/state",
		inTheWay + ".docker",
		"ln -s " + closed + "/absent .docker",
		"mkdir -p .docker/config.json",
		"mkdir .docker && ln -s " + closed + "/absent/x .docker/config.json",
		`mkdir .docker && ln -s "$PWD/dot files/x" .docker/config.json`,
		"mkdir .docker && chmod 500 .docker",
		"mkdir .docker && chmod 0 .docker",
		`mkdir .docker && echo '{"precious":1}' > .docker/config.json && chmod 0 .docker/config.json`,
		"chmod 500 .",
	} {
		t.Run(fault, func(t *testing.T) {
			home := newHome(t)
			if err := os.Mkdir(filepath.Join(filepath.Dir(home), "closed"), 0o555); err != nil {
				t.Fatal(err)
			}
			defer func() { _, _ = shell(t, home, "chmod -R u+rwx .") }()
			if out, err := shell(t, home, fault); err != nil {
				t.Fatalf("%v: %s", err, out)
			}
			works := false
			for range steps {
				out, err := shell(t, home, "ragenv setup --yes --no-passphrase --docker && ragenv set A_TOKEN && ragenv docker status")
				if works = err == nil; works {
					break
				}
				hints := hintsOf("", out)
				t.Log(out)
				if len(hints) != 1 {
					t.Fatal("not one hint")
				}
				if out, err := shell(t, home, hints[0]); err != nil {
					t.Fatalf("%v: %s", err, out)
				}
			}
			if !works {
				t.Error("the hints lead to no end")
			}
			if strings.Contains(fault, "precious") {
				if out, err := shell(t, home, "grep -rq precious . || exit 7"); err != nil {
					t.Errorf("what was in the way is lost: %v %s", err, out)
				}
			}
		})
	}
}
