package e2e

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"
)

// commandLimit stops a command that hangs, so that the test can name it.
const commandLimit = 2 * time.Minute

// home is a user's empty home directory in the world. The programs under test and docker are on PATH.
type home struct {
	t       *testing.T
	dir     string
	env     []string
	shimLog string

	mu         *sync.Mutex
	secrets    *[][]string // the forms of each
	transcript *strings.Builder
}

// newHome creates a home. It first empties the engine and the registries' journal.
func newHome(t *testing.T) *home {
	t.Helper()
	dir := t.TempDir()
	h := &home{
		t: t, dir: dir, shimLog: filepath.Join(dir, "helper-calls"),
		mu: &sync.Mutex{}, secrets: &[][]string{}, transcript: &strings.Builder{},
	}
	bin := filepath.Join(dir, "bin")
	for _, d := range []string{bin, h.path(".docker", "cli-plugins")} {
		if err := os.MkdirAll(d, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	h.link(self, "bin", helperName)
	h.link(filepath.Join(os.Getenv(envBin), "ragenv"), "bin", "ragenv")
	if cli := os.Getenv("E2E_DOCKER_CLI"); cli != "" {
		h.link(cli, "bin", "docker")
	}
	if compose := os.Getenv("E2E_COMPOSE"); compose != "" {
		h.link(compose, ".docker", "cli-plugins", "docker-compose")
	}
	h.env = []string{
		"HOME=" + dir,
		"PATH=" + bin + ":" + os.Getenv("PATH"),
		"SSL_CERT_FILE=" + os.Getenv("SSL_CERT_FILE"),
		"LC_ALL=C.UTF-8",
		envShimLog + "=" + h.shimLog,
		envBin + "=" + os.Getenv(envBin),
	}
	t.Cleanup(func() {
		if t.Failed() || os.Getenv("E2E_TRANSCRIPT") != "" {
			t.Logf("what was typed and answered:\n%s", h.transcript.String())
		}
	})
	emptyEngine(t)
	forgetRequests(t)
	h.watchArguments()
	return h
}

func (h *home) path(elements ...string) string {
	return filepath.Join(append([]string{h.dir}, elements...)...)
}

func (h *home) link(target string, elements ...string) {
	h.t.Helper()
	if err := os.Symlink(target, h.path(elements...)); err != nil {
		h.t.Fatal(err)
	}
}

// with returns the same home with additional environment variables, each "NAME=value".
func (h *home) with(env ...string) *home {
	other := *h
	other.env = append(append([]string{}, h.env...), env...)
	return &other
}

// secret registers a value that must not appear anywhere, and returns it.
func (h *home) secret(value string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	*h.secrets = append(*h.secrets, disguises(value))
	return value
}

// newKey returns a key in the format of NGC's.
func newKey() string {
	random := make([]byte, 48)
	_, _ = rand.Read(random) // does not fail, see crypto/rand
	return "nvapi-" + base64.RawURLEncoding.EncodeToString(random)
}

// newCyborgKey returns a key in the format of CyborgDB's.
func newCyborgKey() string {
	random := make([]byte, 16)
	_, _ = rand.Read(random)
	return fmt.Sprintf("cyborg_%x", random)
}

// disguises returns the forms of a secret: plain, and in base64 at each offset within a longer text.
func disguises(secret string) []string {
	forms := []string{secret}
	for _, encoding := range []*base64.Encoding{base64.RawStdEncoding, base64.RawURLEncoding} {
		for shift := range 3 {
			encoded := encoding.EncodeToString([]byte(strings.Repeat("x", shift) + secret))
			// The first and last characters also depend on the neighboring bytes.
			forms = append(forms, encoded[4:len(encoded)-4])
		}
	}
	return forms
}

func (h *home) leaks(text string) bool { return h.scrub(text) != text }

// scrub replaces every registered secret in text.
func (h *home) scrub(text string) string {
	h.mu.Lock()
	defer h.mu.Unlock()
	for i, forms := range *h.secrets {
		for _, form := range forms {
			text = strings.ReplaceAll(text, form, fmt.Sprintf("<secret %d>", i+1))
		}
	}
	return text
}

// result is the outcome of a command.
type result struct {
	t              *testing.T
	command        string
	stdout, stderr string
	code           int
}

// docker runs docker. It fails the test if the output contains a secret.
func (h *home) docker(args ...string) result {
	h.t.Helper()
	return h.run("", append([]string{"docker"}, args...)...)
}

// ragenv runs ragenv. It fails the test if the output contains a secret.
func (h *home) ragenv(args ...string) result {
	h.t.Helper()
	return h.run("", append([]string{"ragenv"}, args...)...)
}

// run runs a command with stdin as standard input. It fails the test if the output contains a secret.
func (h *home) run(stdin string, args ...string) result {
	h.t.Helper()
	r := h.reveal(stdin, args...)
	if h.leaks(r.stdout + r.stderr) {
		h.t.Errorf("%s: its output holds a secret", r.command)
	}
	return r
}

// reveal is run for commands that print a secret.
func (h *home) reveal(stdin string, args ...string) result {
	h.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), commandLimit)
	defer cancel()
	path, err := h.lookPath(args[0])
	if err != nil {
		h.t.Fatal(err)
	}
	command := exec.CommandContext(ctx, path, args[1:]...)
	command.Args[0] = args[0]
	command.Dir, command.Env = h.dir, h.env
	command.Stdin = strings.NewReader(stdin)
	command.WaitDelay = time.Second
	var stdout, stderr bytes.Buffer
	command.Stdout, command.Stderr = &stdout, &stderr
	err = command.Run()
	r := result{t: h.t, command: strings.Join(args, " "), stdout: stdout.String(), stderr: stderr.String()}
	var failed *exec.ExitError
	switch {
	case ctx.Err() != nil:
		askEngine(h.t)
		h.t.Fatalf("%s: still running after %v", r.command, commandLimit)
	case errors.As(err, &failed):
		r.code = failed.ExitCode()
	case err != nil:
		h.t.Fatalf("%s: %v", r.command, err)
	}
	shown, complaints := h.scrub(r.stdout), h.scrub(r.stderr) // scrub before shortening, which could cut a secret in two
	h.mu.Lock()
	fmt.Fprintf(h.transcript, "$ %s\n%s%s[exit status %d]\n", r.command, short(shown), short(complaints), r.code)
	h.mu.Unlock()
	return r
}

// short shortens a long output.
func short(output string) string {
	const head, tail = 1500, 1500
	if len(output) <= head+tail {
		return output
	}
	return output[:head] + "\n[...]\n" + output[len(output)-tail:]
}

// lookPath finds a program on this home's PATH.
func (h *home) lookPath(program string) (string, error) {
	var path string
	for _, variable := range h.env {
		if value, ok := strings.CutPrefix(variable, "PATH="); ok {
			path = value
		}
	}
	for _, dir := range filepath.SplitList(path) {
		file := filepath.Join(dir, program)
		if info, err := os.Stat(file); err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0 {
			return file, nil
		}
	}
	return "", fmt.Errorf("%s is not on PATH", program)
}

// ok fails the test unless the command succeeded.
func (r result) ok() result {
	r.t.Helper()
	if r.code != 0 {
		r.t.Fatalf("%s: exit status %d, want 0", r.command, r.code)
	}
	return r
}

// fails fails the test unless the command exited with that code.
func (r result) fails(code int) result {
	r.t.Helper()
	if r.code != code {
		r.t.Fatalf("%s: exit status %d, want %d", r.command, r.code, code)
	}
	return r
}

// says fails the test unless the command's output, including standard error, contains all texts.
func (r result) says(texts ...string) result {
	r.t.Helper()
	for _, text := range texts {
		if !strings.Contains(r.stdout+r.stderr, text) {
			r.t.Errorf("%s: the output lacks %q", r.command, text)
		}
	}
	return r
}

// silentOn fails the test if the command's output contains one of the texts.
func (r result) silentOn(texts ...string) result {
	r.t.Helper()
	for _, text := range texts {
		if strings.Contains(r.stdout+r.stderr, text) {
			r.t.Errorf("%s: the output has %q", r.command, text)
		}
	}
	return r
}

// is fails the test unless standard output is exactly the secret, with an optional line break.
func (r result) is(secret string) {
	r.t.Helper()
	if got := strings.TrimSuffix(r.stdout, "\n"); got != secret {
		r.t.Errorf("%s: not the secret that was stored (%d bytes instead of %d)", r.command, len(got), len(secret))
	}
}

// dockerConfig holds the members of ~/.docker/config.json that the tests use.
type dockerConfig struct {
	Auths       map[string]map[string]any `json:"auths"`
	CredsStore  string                    `json:"credsStore"`
	CredHelpers map[string]string         `json:"credHelpers"`
}

// writeConfig replaces ~/.docker/config.json.
func (h *home) writeConfig(text string) {
	h.t.Helper()
	if err := os.WriteFile(h.path(".docker", "config.json"), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

// config reads ~/.docker/config.json. It fails the test if the file contains a secret in any form.
func (h *home) config() dockerConfig {
	h.t.Helper()
	data, err := os.ReadFile(h.path(".docker", "config.json"))
	if err != nil {
		h.t.Fatal(err)
	}
	if h.leaks(string(data)) {
		h.t.Error("config.json holds a secret")
	}
	var config dockerConfig
	if err := json.Unmarshal(data, &config); err != nil {
		h.t.Fatalf("config.json: %v", err)
	}
	for server, auth := range config.Auths {
		for field := range auth {
			h.t.Errorf("config.json: %s has a field %q, want none", server, field)
		}
	}
	return config
}

// write creates a file with mode 0600 in the home and returns its path.
func (h *home) write(name, text string) string {
	h.t.Helper()
	if err := os.WriteFile(h.path(name), []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
	return h.path(name)
}

// copyFile copies a file into the home, with mode 0600.
func (h *home) copyFile(from, name string) {
	h.t.Helper()
	data, err := os.ReadFile(from)
	if err != nil {
		h.t.Fatal(err)
	}
	h.write(name, string(data))
}

func TestLeaksAreNoticed(t *testing.T) {
	h := &home{t: t, mu: &sync.Mutex{}, secrets: &[][]string{}}
	key := h.secret(newKey())
	for _, prefix := range []string{"", "$oauthtoken:", "a", "ab", "abc"} {
		text := []byte(prefix + key)
		for name, shown := range map[string]string{
			"plain":     string(text),
			"base64":    base64.StdEncoding.EncodeToString(text),
			"base64url": base64.URLEncoding.EncodeToString(append(text, '\n')),
		} {
			if !h.leaks("before " + shown + " after") {
				t.Errorf("%q before the key, %s: not noticed", prefix, name)
			}
		}
	}
	if h.leaks("nvapi-" + newKey()[6:]) {
		t.Error("another key is taken for this one")
	}
}
