//go:build unix

package durability

import (
	"bytes"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// TestMovedBetween stops each command between reading the configuration and opening the keychain, and moves
// everything to another backend at that moment. A reader must still find its key, and what a writer changed must
// be changed in the other backend.
func TestMovedBetween(t *testing.T) {
	strace := needRootsStrace(t)
	scripttest.Binary(t, scripttest.Ragenv)
	scripttest.Binary(t, scripttest.Helper)
	nothing := func(*world) string { return "" }
	newKey := scripttest.NewKey()
	type items = map[keychain.Ref]string
	replaces := func(all items) {
		former := env("FIRST_TOKEN")
		former.Kind = keychain.KindPrevious
		all[former], all[env("FIRST_TOKEN")] = all[env("FIRST_TOKEN")], newKey
	}
	for name, command := range map[string]struct {
		stdin, program string
		args           []string
		wants          func(w *world) string
		changes        func(items) // nil for a reader
	}{
		"helper get":          {"nvcr.io", scripttest.Helper, []string{"get"}, func(w *world) string { return w.items[ngcKey] }, nil},
		"helper get, a login": {"ghcr.io", scripttest.Helper, []string{"get"}, func(w *world) string { return w.items[registry("ghcr.io")] }, nil},
		"helper list":         {"", scripttest.Helper, []string{"list"}, func(*world) string { return "ghcr.io" }, nil},
		"kubelet": {
			`{"apiVersion":"credentialprovider.kubelet.k8s.io/v1","kind":"CredentialProviderRequest","image":"nvcr.io/nim/a:1"}`,
			scripttest.Helper, []string{"kubelet"}, func(w *world) string { return w.items[ngcKey] }, nil,
		},
		"ragenv get":          {"", scripttest.Ragenv, []string{"get", "FIRST_TOKEN"}, func(w *world) string { return w.items[env("FIRST_TOKEN")] }, nil},
		"ragenv get, a login": {"", scripttest.Ragenv, []string{"get", "ghcr.io"}, func(w *world) string { return w.items[registry("ghcr.io")] }, nil},
		"ragenv --":           {"", scripttest.Ragenv, []string{"--", "printenv", "FIRST_TOKEN"}, func(w *world) string { return w.items[env("FIRST_TOKEN")] }, nil},
		"ragenv list":         {"", scripttest.Ragenv, []string{"list"}, func(*world) string { return "FIRST_TOKEN" }, nil},
		"ragenv export":       {"", scripttest.Ragenv, []string{"export", "--format", "json"}, func(w *world) string { return w.items[env("FIRST_TOKEN")] }, nil},

		"helper store":        {`{"ServerURL":"new.example.com","Username":"user","Secret":"` + newKey + `"}`, scripttest.Helper, []string{"store"}, nothing, func(all items) { all[registry("new.example.com")] = newKey }},
		"helper store, again": {`{"ServerURL":"ghcr.io","Username":"user","Secret":"` + newKey + `"}`, scripttest.Helper, []string{"store"}, nothing, func(all items) { all[registry("ghcr.io")] = newKey }},
		"helper erase":        {"ghcr.io", scripttest.Helper, []string{"erase"}, nothing, func(all items) { delete(all, registry("ghcr.io")) }},
		"ragenv set":          {newKey, scripttest.Ragenv, []string{"set", "NEW_TOKEN"}, nothing, func(all items) { all[env("NEW_TOKEN")] = newKey }},
		"ragenv set, again":   {newKey, scripttest.Ragenv, []string{"set", "FIRST_TOKEN"}, nothing, replaces},
		"ragenv rotate":       {newKey, scripttest.Ragenv, []string{"rotate", "FIRST_TOKEN"}, nothing, replaces},
		"ragenv rm":           {"", scripttest.Ragenv, []string{"rm", "FIRST_TOKEN", "--force"}, nothing, func(all items) { delete(all, env("FIRST_TOKEN")) }},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t, t.TempDir())
			w.mustSet(registry("ghcr.io"), scripttest.NewKey())
			log := filepath.Join(w.dir, "strace.log")
			// When it opens store.json it has read config.toml. There it is stopped.
			cmd := w.traced(strace, log, []string{
				"-P", filepath.Join(w.paths.Store, "store.json"), "-e", "trace=openat", "-e", "inject=openat:signal=SIGSTOP:when=1",
			}, command.program, command.args...)
			cmd.Stdin = strings.NewReader(command.stdin)
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
					t.Fatal("the command never opened the store")
				}
			}
			w.run("", scripttest.Ragenv, "backend", "migrate", keychain.BackendFile, keychain.BackendPass)
			if err := syscall.Kill(-cmd.Process.Pid, syscall.SIGCONT); err != nil {
				t.Fatalf("the command did not wait: %v", err)
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
			if err != nil || !strings.Contains(stdout.String(), command.wants(w)) {
				t.Errorf("LOST for a moment: the answer is right: %t, %v: %s", strings.Contains(stdout.String(), command.wants(w)), err, stderr.String())
			}
			want := maps.Clone(w.items)
			if command.changes != nil {
				command.changes(want)
			}
			if err := w.compare(want, true); err != nil {
				t.Errorf("LOST: %v: %s", err, stderr.String())
			}
		})
	}
}
