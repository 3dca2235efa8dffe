package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// installed is a copy of the helper, with its own directory and home.
type installed struct {
	t    *testing.T
	dir  string
	path string // PATH
	home []string
}

// install copies the built helper and the other programs into a new directory.
func install(t *testing.T, others ...string) *installed {
	t.Helper()
	i := &installed{t: t, dir: t.TempDir()}
	i.path = i.dir
	for _, program := range append(others, scripttest.Helper) {
		data, err := os.ReadFile(scripttest.Binary(t, program))
		if err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(i.dir, program), data, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	home, err := scripttest.Environ(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	i.home = home
	return i
}

// run runs the helper with extra environment variables and returns its output and exit code.
func (i *installed) run(verb, stdin string, env ...string) (stdout, stderr string, code int) {
	i.t.Helper()
	cmd := exec.Command(filepath.Join(i.dir, scripttest.Helper), verb)
	cmd.Env = append(append([]string{"PATH=" + i.path}, i.home...), env...)
	cmd.Stdin = strings.NewReader(stdin)
	var out, errOut strings.Builder
	cmd.Stdout, cmd.Stderr = &out, &errOut
	if err := cmd.Run(); err != nil && cmd.ProcessState == nil {
		i.t.Fatal(err)
	}
	return out.String(), errOut.String(), cmd.ProcessState.ExitCode()
}

// dataHome is the directory of $XDG_DATA_HOME.
func (i *installed) dataHome() string {
	for _, variable := range i.home {
		if dir, ok := strings.CutPrefix(variable, "XDG_DATA_HOME="); ok {
			return dir
		}
	}
	i.t.Fatal("no XDG_DATA_HOME")
	return ""
}

func wantIn(t *testing.T, text string, parts ...string) {
	t.Helper()
	for _, part := range parts {
		if !strings.Contains(text, part) {
			t.Errorf("%q, want %q in it", text, part)
		}
	}
}

func login(t *testing.T, key string) string {
	t.Helper()
	data, err := json.Marshal(map[string]string{"ServerURL": "nvcr.io", "Username": "$oauthtoken", "Secret": key})
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}

// On Linux the helper contains only the file backend and runs ragenv for every other one.
func TestRagenvServesOtherBackends(t *testing.T) {
	const noBus = "DBUS_SESSION_BUS_ADDRESS=disabled:"
	t.Run("next to it", func(t *testing.T) {
		i := install(t, scripttest.Ragenv)
		i.path = "/nonexistent"
		for _, verb := range []string{"get", "erase", "store", "list"} {
			stdin := "nvcr.io"
			if verb == "store" {
				stdin = login(t, scripttest.NewKey())
			}
			out, stderr, code := i.run(verb, stdin, "RAGENV_BACKEND=secret-service", noBus)
			wantIn(t, stderr, "docker-credential-ngc: error: the secret-service backend is not available: there is no D-Bus session bus")
			if !strings.Contains(out, "session bus") || code != 1 {
				t.Errorf("%s: exit %d, %q", verb, code, out)
			}
		}
	})
	t.Run("not one on PATH", func(t *testing.T) {
		i := install(t)
		i.path = t.TempDir()
		ran := filepath.Join(i.path, "ran")
		if err := os.WriteFile(filepath.Join(i.path, scripttest.Ragenv), []byte("#!/bin/sh\n: >'"+ran+"'\n"), 0o700); err != nil {
			t.Fatal(err)
		}
		_, stderr, code := i.run("get", "nvcr.io", "RAGENV_BACKEND=secret-service", noBus)
		wantIn(t, stderr, "needs the program ragenv next to docker-credential-ngc", "hint: install ragenv in the directory of docker-credential-ngc")
		if _, err := os.Stat(ran); err == nil || code != 1 {
			t.Errorf("exit %d, and the one on PATH was run: %v", code, err == nil)
		}
	})
	t.Run("next to what a link leads to", func(t *testing.T) {
		i := install(t, scripttest.Ragenv)
		links := t.TempDir()
		if err := os.Symlink(filepath.Join(i.dir, scripttest.Helper), filepath.Join(links, scripttest.Helper)); err != nil {
			t.Fatal(err)
		}
		i.dir = links
		_, stderr, _ := i.run("get", "nvcr.io", "RAGENV_BACKEND=secret-service", noBus)
		wantIn(t, stderr, "there is no D-Bus session bus")
	})
	t.Run("without it", func(t *testing.T) {
		i := install(t)
		out, stderr, code := i.run("get", "nvcr.io", "RAGENV_BACKEND=secret-service", noBus)
		wantIn(t, stderr, "error: the secret-service backend needs the program ragenv next to docker-credential-ngc: ", "hint: install ragenv in the directory of docker-credential-ngc")
		wantIn(t, out, "install ragenv")
		if code != 1 {
			t.Errorf("exit %d", code)
		}
		if out, _, code := i.run("version", "", "RAGENV_BACKEND=secret-service"); code != 0 || !strings.HasPrefix(out, "docker-credential-ngc ") {
			t.Errorf("version: exit %d, %q", code, out)
		}
	})
	t.Run("the helper itself under that name", func(t *testing.T) {
		i := install(t)
		if err := os.Link(filepath.Join(i.dir, scripttest.Helper), filepath.Join(i.dir, scripttest.Ragenv)); err != nil {
			t.Fatal(err)
		}
		_, stderr, _ := i.run("get", "nvcr.io", "RAGENV_BACKEND=secret-service", noBus) // the helper must not hand over to itself in a loop
		wantIn(t, stderr, "needs the program ragenv")
	})
}

// On Linux the helper runs no source commands itself: the ragenv next to it does, for the active profile.
func TestRagenvRunsCommands(t *testing.T) {
	const entry = "[sources.default.NGC_API_KEY]\ncommand = [\"sh\", \"-c\", \"echo $VAULT\"]\nenv = [\"VAULT\"]\n"
	withSource := func(i *installed) {
		t.Helper()
		for _, variable := range i.home {
			if dir, ok := strings.CutPrefix(variable, "XDG_CONFIG_HOME="); ok {
				if err := os.MkdirAll(filepath.Join(dir, "ragenv"), 0o700); err != nil {
					t.Fatal(err)
				}
				if err := os.WriteFile(filepath.Join(dir, "ragenv", "config.toml"), []byte(entry), 0o600); err != nil {
					t.Fatal(err)
				}
				return
			}
		}
		t.Fatal("no XDG_CONFIG_HOME")
	}
	key := scripttest.NewKey()
	i := install(t, scripttest.Ragenv)
	withSource(i)
	i.path += string(os.PathListSeparator) + os.Getenv("PATH")
	if out, stderr, code := i.run("get", "nvcr.io", "VAULT="+key); code != 0 || !scripttest.Holds(out, key) {
		t.Errorf("exit %d, %s", code, stderr)
	}
	if _, stderr, _ := i.run("get", "nvcr.io", "VAULT="+key, "RAGENV_PROFILE=other"); !strings.Contains(stderr, "no key is stored as NGC_API_KEY in the profile") {
		t.Errorf("another profile: %s", stderr)
	}
	i = install(t)
	withSource(i)
	_, stderr, code := i.run("get", "nvcr.io", "VAULT="+key)
	wantIn(t, stderr, "a key that comes from a command needs the program ragenv next to docker-credential-ngc", "hint: install ragenv in the directory of docker-credential-ngc")
	if code != 1 {
		t.Errorf("exit %d", code)
	}
}

// The file backend needs no ragenv, neither to read nor for the first write to choose it.
func TestFileStoreNeedsNoRagenv(t *testing.T) {
	for _, others := range [][]string{nil, {scripttest.Ragenv}} {
		i := install(t, others...)
		key := scripttest.NewKey()
		if _, stderr, code := i.run("store", login(t, key), "RAGENV_PASSPHRASE=open sesame"); code != 0 {
			t.Fatalf("next to %q: the first store: exit %d, %s", others, code, stderr)
		} else {
			wantIn(t, stderr, "now stored in the file backend")
		}
		if err := os.WriteFile(filepath.Join(i.dir, scripttest.Ragenv), []byte("no program"), 0o700); err != nil {
			t.Fatal(err)
		}
		out, stderr, code := i.run("get", "nvcr.io", "RAGENV_PASSPHRASE=open sesame")
		if code != 0 || !scripttest.Holds(out, key) {
			t.Errorf("next to %q: get: exit %d, %s", others, code, stderr)
		}
		k, err := keychain.Open(keychain.Options{Backend: keychain.BackendFile, Dir: i.dataHome() + "/ragenv"})
		if err != nil {
			t.Fatal(err)
		}
		if err := k.Lock(); err != nil { // leave nothing in the machine's keyring
			t.Fatal(err)
		}
	}
}

// The first write may choose any backend, so ragenv does it. The helper handles every other call itself.
func TestRagenvChoosesAtTheFirstWrite(t *testing.T) {
	for _, test := range []struct {
		name, verb string
		env        []string
		store      bool // a file keychain exists already
		ran        bool
	}{
		{"the first write", "store", nil, false, true},
		{"a read", "get", nil, false, false},
		{"a list", "list", nil, false, false},
		{"a write to the file store by name", "store", []string{"RAGENV_BACKEND=file"}, false, false},
		{"a later write", "store", nil, true, false},
	} {
		t.Run(test.name, func(t *testing.T) {
			i := install(t)
			if test.store {
				if _, err := keychain.CreateFileStore(keychain.Options{Dir: i.dataHome() + "/ragenv"}, keychain.Protection{}); err != nil {
					t.Fatal(err)
				}
			}
			ran := filepath.Join(i.dir, "ran")
			if err := os.WriteFile(filepath.Join(i.dir, scripttest.Ragenv), []byte("#!/bin/sh\necho \"$1\" >'"+ran+"'\n"), 0o700); err != nil {
				t.Fatal(err)
			}
			i.run(test.verb, login(t, scripttest.NewKey()), test.env...)
			if verb, err := os.ReadFile(ran); (err == nil) != test.ran || err == nil && string(verb) != test.verb+"\n" {
				t.Errorf("ragenv was run: %t, with %q", err == nil, verb)
			}
		})
	}
}
