package e2e

import (
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/e2e/registry"
)

// testManyRegistries checks that the classic builder and docker-py ask the helper for every login before a
// build.
func testManyRegistries(t *testing.T, programs map[string]obtained) {
	const count = 100
	h := newHome(t)
	h.newStore()
	h.ragenv("docker", "configure", "--store").ok()
	h.run(h.acceptedKey(), "ragenv", "set", "NGC_API_KEY").ok()
	want := []string{"list", "get nvcr.io"}
	for i := range count {
		server := fmt.Sprintf("registry-%d.example.com", i)
		h.store(server, "someone", h.secret(newKey()))
		want = append(want, "get "+server)
	}
	for _, builder := range []struct {
		client string
		build  func(h *home) result
	}{
		{"docker-cli", func(h *home) result { return dockerBuild(h, nimImage) }},
		{"docker-py", func(h *home) result {
			emptyBuilder(h)
			h.writeBuild(nimImage)
			return h.python("", pythonBuild, h.path("context"), builtImage)
		}},
	} {
		step(t, builder.client, func(t *testing.T) {
			h := h.on(t)
			program := programs[builder.client]
			if program.path == "-" {
				skip(t, program.version)
			}
			if builder.client == "docker-py" {
				withPython(h, programs)
			}
			h.helperCalls()
			forgetRequests(t)
			started := time.Now()
			builder.build(h).ok()
			took := time.Since(started)
			dockerBuilt(h, nimImage, result{})
			wantKeyUsed(t)
			got := h.made()
			if sorted(got) != sorted(want) {
				t.Errorf("the helper was called %d times, want %d", len(got), len(want))
			}
			if i := slices.Index(got, "list"); i != 0 {
				t.Errorf("list was call %d, want the first", i)
			}
			report.note("%s, build with %d stored registries: %d helper calls, %.1f s in all (with a shim around each call)",
				builder.client, count+1, len(got), took.Seconds())
		})
	}
}

// testParallelCalls runs 64 gets and 16 stores at once, as Compose and a login in another terminal would.
// The store has a passphrase and is unlocked, so every call uses the kernel's keyring.
func testParallelCalls(t *testing.T) {
	const gets, stores = 64, 16
	h := newHome(t)
	passphraseFile := h.newLockableStore()
	valid := map[string]bool{}
	keys := make([]string, stores)
	for i := range keys {
		keys[i] = h.secret(newKey())
		valid[keys[i]] = true
	}
	h.run(keys[0], "ragenv", "set", "NGC_API_KEY").ok()
	h.with("RAGENV_PASSPHRASE_FILE=" + passphraseFile).ragenv("unlock").ok()

	helper := filepath.Join(os.Getenv(envBin), helperName) // not the shim, which would take most of the time
	call := func(verb, input string) (string, error) {
		command := exec.CommandContext(t.Context(), helper, verb)
		command.Dir, command.Env, command.Stdin = h.dir, h.env, strings.NewReader(input)
		var complaints strings.Builder
		command.Stderr = &complaints
		answer, err := command.Output()
		if err != nil {
			return "", fmt.Errorf("%s: %w: %s", verb, err, h.scrub(complaints.String()))
		}
		return string(answer), nil
	}
	begin, started := make(chan struct{}), time.Now()
	var calls sync.WaitGroup
	for i := range gets + stores {
		calls.Go(func() {
			<-begin
			if i%5 == 0 { // every fifth is a store: 16 of 80
				server := "nvcr.io"
				if i%2 == 1 {
					server = fmt.Sprintf("registry-%d.example.com", i)
				}
				input, _ := json.Marshal(map[string]string{"ServerURL": server, "Username": registry.NVCRUser, "Secret": keys[i/5]})
				if _, err := call("store", string(input)); err != nil {
					t.Error(err)
				}
				return
			}
			answer, err := call("get", "nvcr.io\n")
			var got struct{ ServerURL, Username, Secret string }
			if err == nil {
				err = json.Unmarshal([]byte(answer), &got)
			}
			switch {
			case err != nil:
				t.Error(err)
			case got.ServerURL != "nvcr.io" || got.Username != registry.NVCRUser || !valid[got.Secret]:
				t.Errorf("get answered a user %q and a secret of %d bytes that was never stored", got.Username, len(got.Secret))
			}
		})
	}
	close(begin)
	calls.Wait()
	report.note("%d gets at once with %d stores: every answer one of the stored keys, %.1f s in all", gets, stores, time.Since(started).Seconds())
	var listed map[string]string
	answer, err := call("list", "")
	if err == nil {
		err = json.Unmarshal([]byte(answer), &listed)
	}
	if err != nil || len(listed) != 1+stores/2 {
		t.Errorf("%d servers are listed (%v), want %d", len(listed), err, 1+stores/2)
	}
}
