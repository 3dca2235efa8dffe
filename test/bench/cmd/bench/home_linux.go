package main

import (
	"bytes"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"

	"github.com/ragenv/ragenv/test/bench/process"
)

// programs is a build of both programs.
type programs struct {
	of  string // result.After or result.Before
	bin string
}

func (p programs) helper() string { return filepath.Join(p.bin, "docker-credential-ngc") }
func (p programs) ragenv() string { return filepath.Join(p.bin, "ragenv") }

// home is a temporary home directory.
type home struct {
	dir string
	env []string
}

func newHome(dir string, env ...string) (*home, error) {
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return nil, err
	}
	// Small and constant: the size of the environment affects the cost of a start.
	base := []string{"HOME=" + dir, "PATH=/usr/local/bin:/usr/bin:/bin", "LC_ALL=C.UTF-8"}
	return &home{dir: dir, env: append(base, env...)}, nil
}

// newStore creates a home with its own file store. It has no passphrase unless env names one.
func newStore(p programs, dir string, env ...string) (*home, error) {
	h, err := newHome(dir, env...)
	if err != nil {
		return nil, err
	}
	flags := []string{p.ragenv(), "setup", "--yes", "--backend", "file"}
	if len(env) == 0 {
		flags = append(flags, "--no-passphrase")
	}
	_, err = h.run("", flags...)
	return h, err
}

// file creates a file with mode 0600 in the home and returns its path.
func (h *home) file(name, text string) (string, error) {
	path := filepath.Join(h.dir, name)
	return path, os.WriteFile(path, []byte(text), 0o600)
}

// copyTo copies the home to dir and returns the copy.
func (h *home) copyTo(dir string) (*home, error) {
	if out, err := exec.Command("cp", "-a", h.dir, dir).CombinedOutput(); err != nil {
		return nil, fmt.Errorf("cp: %w: %s", err, out)
	}
	return newHome(dir, h.env[3:]...)
}

// command returns the command that runs argv in this home.
func (h *home) command(stdin string, argv ...string) process.Command {
	return process.Command{Argv: argv, Env: h.env, Dir: h.dir, Stdin: stdin}
}

// run runs argv and returns its standard output. The error holds at most the first two words of argv and
// the exit code: no output, which may hold a secret.
func (h *home) run(stdin string, argv ...string) (string, error) {
	if interrupted.Load() {
		return "", errInterrupted
	}
	out, code, err := output(process.Command{Argv: argv, Env: h.env, Dir: h.dir}, strings.NewReader(stdin))
	if err == nil && code != 0 {
		err = fmt.Errorf("%s: exit status %d", strings.Join(argv[:min(len(argv), 2)], " "), code)
	}
	return out, err
}

// finish runs argv even after an interruption, and in its own process group, so that another Ctrl-C does
// not end it.
func (h *home) finish(argv ...string) (exit int, err error) {
	cmd := exec.Command(argv[0], argv[1:]...)
	cmd.Env, cmd.Dir, cmd.SysProcAttr = h.env, h.dir, &syscall.SysProcAttr{Setpgid: true}
	err = cmd.Run()
	if failed := (*exec.ExitError)(nil); errors.As(err, &failed) {
		return failed.ExitCode(), nil
	}
	return 0, err
}

// output runs a command once, without measuring it.
func output(c process.Command, stdin *strings.Reader) (string, int, error) {
	cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
	cmd.Env, cmd.Dir = c.Env, c.Dir
	if stdin != nil {
		cmd.Stdin = stdin
	}
	if c.Stdin != "" {
		f, err := os.Open(c.Stdin)
		if err != nil {
			return "", 0, err
		}
		defer f.Close()
		cmd.Stdin = f
	}
	var stdout bytes.Buffer
	cmd.Stdout = &stdout
	err := cmd.Run()
	var exit *exec.ExitError
	if errors.As(err, &exit) {
		return stdout.String(), exit.ExitCode(), nil
	}
	return stdout.String(), 0, err
}

// newKey returns a key in the format of NGC's.
func newKey() string {
	random := make([]byte, 48)
	_, _ = rand.Read(random) // does not fail, see crypto/rand
	return "nvapi-" + base64.RawURLEncoding.EncodeToString(random)
}

// credential is the JSON of the credential helper protocol.
type credential struct{ ServerURL, Username, Secret string }

func (c credential) json() string {
	data, _ := json.Marshal(c) // cannot fail for strings
	return string(data)
}

// answers returns an error if the answer to get is wrong. The error contains no secret.
func answers(stdout string, want credential) error {
	var got credential
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		return errors.New("the answer is not JSON")
	}
	if got.Username != want.Username || got.Secret != want.Secret {
		return errors.New("the answer is another credential than was stored")
	}
	return nil
}

// lists returns an error if the answer to list is wrong.
func lists(stdout string, want map[string]string) error {
	var got map[string]string
	if err := json.Unmarshal([]byte(stdout), &got); err != nil {
		return errors.New("the list is not JSON")
	}
	if len(got) != len(want) {
		return fmt.Errorf("%d servers are listed, want %d", len(got), len(want))
	}
	for server, user := range want {
		if got[server] != user {
			return fmt.Errorf("%s is listed under another user than it was stored", server)
		}
	}
	return nil
}
