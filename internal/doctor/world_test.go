package doctor

import (
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// home is a world below a temporary directory in which everything is correct until a test breaks something.
type home struct {
	*World
	t    *testing.T
	env  map[string]string
	keys map[string]string // stored values by name
}

// newHome creates a home with an unlocked store that contains both wanted keys, with Docker configured and
// no program on PATH.
func newHome(t *testing.T) *home {
	t.Helper()
	h := emptyHome(t)
	h.createStore("")
	h.put("NGC_API_KEY", scripttest.NewKey())
	h.put("CYBORGDB_API_KEY", "cyborg_"+strings.TrimPrefix(scripttest.NewKey(), "nvapi-")[:32])
	h.dockerConfigFile(`{"credHelpers": {"nvcr.io": "ngc"}}`)
	return h
}

func emptyHome(t *testing.T) *home {
	t.Helper()
	dir := t.TempDir()
	h := &home{t: t, keys: map[string]string{}, env: map[string]string{
		"TMPDIR": t.TempDir(),
		"HOME":   filepath.Join(dir, "home"), "PATH": filepath.Join(dir, "bin"),
		"XDG_CONFIG_HOME": filepath.Join(dir, "home", ".config"), "XDG_DATA_HOME": filepath.Join(dir, "home", ".data"), "XDG_STATE_HOME": filepath.Join(dir, "home", ".state"),
		"AppData": filepath.Join(dir, "home", ".config"), "LocalAppData": filepath.Join(dir, "home", ".data"), "USERPROFILE": filepath.Join(dir, "home"),
	}}
	for _, d := range []string{"home", "bin", "work"} {
		if err := os.Mkdir(filepath.Join(dir, d), 0o700); err != nil {
			t.Fatal(err)
		}
	}
	h.World = &World{
		Getenv: func(name string) string { return h.env[name] }, Environ: []string{"PATH=" + os.Getenv("PATH"), "HOME=" + h.env["HOME"]},
		Dir: filepath.Join(dir, "work"), Version: "v1.2.3", Now: time.Now, systemFiles: []string{}, podmanEtc: filepath.Join(dir, "etc-containers"),
	}
	h.loadConfig()
	return h
}

func (h *home) loadConfig() {
	h.Paths, _ = config.FindPaths(h.Getenv)
	h.Config, h.ConfigErr = config.Load(h.Getenv)
	if h.ConfigErr != nil {
		h.Config = nil
	}
}

func (h *home) options() keychain.Options {
	return keychain.Options{Backend: keychain.BackendFile, Dir: h.Paths.Store}
}

func (h *home) createStore(passphrase string) {
	h.t.Helper()
	if _, err := keychain.CreateFileStore(h.options(), keychain.Protection{Passphrase: []byte(passphrase), WorkFactor: 10}); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) put(name, value string) { h.putItem(name, value, time.Time{}) }

func (h *home) putItem(name, value string, expires time.Time) {
	h.t.Helper()
	k, err := keychain.Open(h.options())
	if err != nil {
		h.t.Fatal(err)
	}
	ref := keychain.Ref{Profile: config.DefaultProfile, Kind: keychain.KindEnv, Name: name}
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(value), Expires: expires}); err != nil {
		h.t.Fatal(err)
	}
	h.keys[name] = value
}

func (h *home) itemFile(name string) string {
	h.t.Helper()
	paths, _ := filepath.Glob(filepath.Join(h.Paths.Store, "items", "*+env+"+name+".age"))
	if len(paths) != 1 {
		h.t.Fatalf("%d files of %s", len(paths), name)
	}
	return paths[0]
}

// file writes a file below the home directory.
func (h *home) file(name, text string) string {
	h.t.Helper()
	path := filepath.Join(h.Paths.Home, filepath.FromSlash(name))
	h.write(path, text)
	return path
}

func (h *home) write(path, text string) {
	h.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		h.t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		h.t.Fatal(err)
	}
}

func (h *home) dockerConfigFile(text string) { h.file(".docker/config.json", text) }

// program puts a shell script on PATH.
func (h *home) program(name, script string) string {
	h.t.Helper()
	if runtime.GOOS == "windows" {
		h.t.Skip("the programs of this test are shell scripts")
	}
	path := filepath.Join(h.env["PATH"], name)
	h.write(path, "#!/bin/sh\n"+script+"\n")
	if err := os.Chmod(path, 0o755); err != nil {
		h.t.Fatal(err)
	}
	return path
}

func (h *home) chmod(path string, mode os.FileMode) {
	h.t.Helper()
	if runtime.GOOS == "windows" {
		h.t.Skip("no modes here")
	}
	if err := os.Chmod(path, mode); err != nil {
		h.t.Fatal(err)
	}
}

// expect runs a check and compares parts of its detail and hint. An empty hint means that none is expected.
func (h *home) expect(check func(context.Context) Result, status Status, detail, hint string) {
	h.t.Helper()
	h.storedOnce, h.dockerOnce, h.scanOnce = sync.Once{}, sync.Once{}, sync.Once{} // a world caches results
	got := check(h.t.Context())
	h.silent(got)
	// Paths have the system's separators, but expected details use slashes.
	if got.Status != status || !strings.Contains(got.Detail, detail) && !strings.Contains(filepath.ToSlash(got.Detail), detail) {
		h.t.Errorf("got %s (%s), want %s (...%s...)", got.Status, got.Detail, status, detail)
	}
	if !strings.Contains(got.Hint, hint) || hint == "" && got.Hint != "" {
		h.t.Errorf("hint %q, want %q in it", got.Hint, hint)
	}
	if got.Status != OK && got.Hint == "" {
		h.t.Errorf("%s without a hint: %s", got.Status, got.Detail)
	}
}

// silent fails if a result contains part of a key.
func (h *home) silent(r Result) {
	h.t.Helper()
	text, err := json.Marshal(r)
	if err != nil {
		h.t.Fatal(err)
	}
	for name, key := range h.keys {
		key = strings.TrimPrefix(strings.TrimPrefix(key, "nvapi-"), "cyborg_")
		for i := 0; i+6 <= len(key); i++ {
			if strings.Contains(string(text), key[i:i+6]) {
				h.t.Fatalf("a part of %s is in a %s result", name, r.Status)
			}
		}
	}
}
