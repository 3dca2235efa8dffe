// Package kubernetes checks what the programs provide to a cluster with Kubernetes' own code: the Secrets
// of ragenv export with a real API server, and the kubelet's answers with the kubelet's types and plugin
// code. scripts/e2e-kubernetes runs it.
package kubernetes

import (
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
)

// bin is the directory of docker-credential-ngc and ragenv.
var bin string

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	if bin = os.Getenv("E2E_BIN"); bin != "" {
		return m.Run()
	}
	var err error
	if bin, err = filepath.Abs(filepath.Join("..", "..", ".cache", "test", "kubernetes")); err == nil {
		err = os.MkdirAll(bin, 0o755) // programs that are up to date there are not linked again
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	build := exec.Command("go", "build", "-o", bin+string(filepath.Separator), "./cmd/docker-credential-ngc", "./cmd/ragenv")
	build.Dir = filepath.Join("..", "..")
	build.Env = append(os.Environ(), "CGO_ENABLED=0", "GOWORK=off")
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "%v\n%s", err, out)
		return 1
	}
	return m.Run()
}

// newKey returns an unusable key in the format of NVIDIA's.
func newKey() string {
	random := make([]byte, 48)
	_, _ = rand.Read(random) // never fails
	return "nvapi-" + base64.RawURLEncoding.EncodeToString(random)
}

// home is the home of a user, or of root on a node, with its own store.
type home struct {
	t   *testing.T
	dir string
}

func newHome(t *testing.T) home {
	t.Helper()
	h := home{t, t.TempDir()}
	h.must("", "ragenv", "setup", "--yes", "--no-passphrase")
	return h
}

// store stores a key as a script does.
func (h home) store(name, key string) {
	h.t.Helper()
	h.must(key+"\n", "ragenv", "set", name)
}

func (h home) command(stdin, program string, args ...string) (*exec.Cmd, *strings.Builder, *strings.Builder) {
	cmd := exec.Command(filepath.Join(bin, program), args...)
	cmd.Env = []string{"HOME=" + h.dir, "PATH=" + os.Getenv("PATH")}
	cmd.Stdin = strings.NewReader(stdin)
	stdout, stderr := &strings.Builder{}, &strings.Builder{}
	cmd.Stdout, cmd.Stderr = stdout, stderr
	return cmd, stdout, stderr
}

// must returns standard output. If the program fails, must does not log it, since it may contain a key.
func (h home) must(stdin, program string, args ...string) string {
	h.t.Helper()
	cmd, stdout, stderr := h.command(stdin, program, args...)
	if err := cmd.Run(); err != nil {
		h.t.Fatalf("%s %s: %v\n%s", program, strings.Join(args, " "), err, stderr)
	}
	return stdout.String()
}
