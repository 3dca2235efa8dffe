//go:build unix

package durability

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// TestMovedBetween stops each reader between reading the configuration and reading the keychain, and moves
// everything to another backend at that moment. The reader must still find its key.
func TestMovedBetween(t *testing.T) {
	strace := needStrace(t)
	if os.Geteuid() != 0 {
		t.Skip("only root's strace sees which files a program opens that keeps its memory to itself (PR_SET_DUMPABLE)")
	}
	scripttest.Binary(t, scripttest.Ragenv)
	scripttest.Binary(t, scripttest.Helper)
	for name, reader := range map[string]struct {
		stdin, program string
		args           []string
		wants          func(w *world) string
	}{
		"helper get":          {"nvcr.io", scripttest.Helper, []string{"get"}, func(w *world) string { return w.items[ngcKey] }},
		"helper get, a login": {"ghcr.io", scripttest.Helper, []string{"get"}, func(w *world) string { return w.items[registry("ghcr.io")] }},
		"helper list":         {"", scripttest.Helper, []string{"list"}, func(*world) string { return "ghcr.io" }},
		"kubelet": {
			`{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderRequest","image":"nvcr.io/nim/a:1"}`,
			scripttest.Helper, []string{"kubelet"}, func(w *world) string { return w.items[ngcKey] },
		},
		"ragenv get":          {"", scripttest.Ragenv, []string{"get", "FIRST_TOKEN"}, func(w *world) string { return w.items[env("FIRST_TOKEN")] }},
		"ragenv get, a login": {"", scripttest.Ragenv, []string{"get", "ghcr.io"}, func(w *world) string { return w.items[registry("ghcr.io")] }},
		"ragenv --":           {"", scripttest.Ragenv, []string{"--", "printenv", "FIRST_TOKEN"}, func(w *world) string { return w.items[env("FIRST_TOKEN")] }},
		"ragenv list":         {"", scripttest.Ragenv, []string{"list"}, func(*world) string { return "FIRST_TOKEN" }},
		"ragenv export":       {"", scripttest.Ragenv, []string{"export", "--format", "json"}, func(w *world) string { return w.items[env("FIRST_TOKEN")] }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, t.TempDir())
			w.mustSet(registry("ghcr.io"), scripttest.NewKey())
			log := filepath.Join(w.dir, "strace.log")
			// When it opens store.json it has read config.toml. There it is stopped.
			cmd := w.traced(strace, log, []string{
				"-P", filepath.Join(w.paths.Store, "store.json"), "-e", "trace=openat", "-e", "inject=openat:signal=SIGSTOP:when=1",
			}, reader.program, reader.args...)
			cmd.Stdin = strings.NewReader(reader.stdin)
			var stdout, stderr bytes.Buffer
			cmd.Stdout, cmd.Stderr = &stdout, &stderr
			if err := cmd.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }) // if it is stopped and the test failed
			for end := time.Now().Add(time.Minute); ; time.Sleep(5 * time.Millisecond) {
				if data, err := os.ReadFile(log); err == nil && bytes.Contains(data, []byte("--- stopped by SIGSTOP ---")) {
					break
				}
				if time.Now().After(end) {
					t.Fatal("the reader never opened the store")
				}
			}
			w.run("", scripttest.Ragenv, "backend", "migrate", keychain.BackendFile, keychain.BackendPass)
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT); err != nil {
				t.Fatalf("the reader did not wait: %v", err)
			}
			ended := make(chan error, 1)
			go func() { ended <- cmd.Wait() }()
			var err error
			for waiting := true; waiting; {
				select {
				case err = <-ended:
					waiting = false
				case <-time.After(5 * time.Millisecond): // strace stops each thread's first call
					_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT)
				}
			}
			if err != nil || !strings.Contains(stdout.String(), reader.wants(w)) {
				t.Errorf("LOST for a moment: the answer is right: %t, %v: %s", strings.Contains(stdout.String(), reader.wants(w)), err, stderr.String())
			}
		})
	}
}
