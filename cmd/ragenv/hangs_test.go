//go:build linux || darwin

package main

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

// endsByItself runs a program that must not need killing, and returns its output. Its standard input is silent: nobody writes
// to it, and it does not end.
func (w *world) endsByItself(program string, args ...string) (stdout, stderr string, code int) {
	w.t.Helper()
	ctx, cancel := context.WithTimeout(w.t.Context(), patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, scripttest.Binary(w.t, program), args...)
	cmd.Env, cmd.Dir = w.env, w.dir
	cmd.SysProcAttr = &syscall.SysProcAttr{Setsid: true} // without a terminal
	var out, errs bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &errs
	if len(args) > 0 && (args[0] == "get" || args[0] == "erase") && program == scripttest.Helper {
		cmd.Stdin = strings.NewReader("nvcr.io\n")
	} else {
		r, silent, err := os.Pipe()
		if err != nil {
			w.t.Fatal(err)
		}
		defer r.Close()
		defer silent.Close()
		cmd.Stdin = r
	}
	_ = cmd.Run()
	if ctx.Err() != nil {
		w.t.Errorf("%s %s did not end by itself", program, strings.Join(args, " "))
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

func (w *world) at(elements ...string) string {
	return filepath.Join(append([]string{w.dir, "home"}, elements...)...)
}

// fifo puts a FIFO that nobody writes to in a file's place.
func (w *world) fifo(path string) {
	w.t.Helper()
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		w.t.Fatal(err)
	}
	if err := os.RemoveAll(path); err != nil {
		w.t.Fatal(err)
	}
	if err := syscall.Mkfifo(path, 0o600); err != nil {
		w.t.Fatal(err)
	}
}

// open makes a store without a passphrase that holds one key, and returns the key.
func (w *world) open() string {
	w.t.Helper()
	w.configure("backend = \"file\"\n")
	k, err := keychain.CreateFileStore(w.keychainOptions(), nil)
	if err != nil {
		w.t.Fatal(err)
	}
	key := scripttest.NewKey()
	ref := keychain.Ref{Profile: "default", Kind: keychain.KindEnv, Name: "NGC_API_KEY"}
	if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(key)}); err != nil {
		w.t.Fatal(err)
	}
	return key
}

// A FIFO in the place of any file that the programs read is named in an error, and never waited for.
func TestFIFOInAFilesPlace(t *testing.T) {
	store := []string{".local", "share", "ragenv"}
	item := func(w *world) string {
		paths, err := filepath.Glob(w.at(append(store, "items", "*.age")...))
		if err != nil || len(paths) != 1 {
			t.Fatalf("%d items, %v", len(paths), err)
		}
		return paths[0]
	}
	in := func(elements ...string) func(*world) string {
		return func(w *world) string { return w.at(elements...) }
	}
	type command struct {
		program string
		args    string
	}
	get, helper := command{scripttest.Ragenv, "get NGC_API_KEY"}, command{scripttest.Helper, "get"}
	set := command{scripttest.Ragenv, "set OTHER --generate"}
	for name, test := range map[string]struct {
		path     func(*world) string
		variable string // is set to the path
		commands []command
	}{
		"config.toml": {in(".config", "ragenv", "config.toml"), "", []command{get, helper, set, {scripttest.Ragenv, "list"}, {scripttest.Ragenv, "-- true"}}},
		"store.json":  {in(append(store, "store.json")...), "", []command{get, helper}},
		"identity":    {in(append(store, "identity")...), "", []command{get, helper}},
		"item":        {item, "", []command{get, helper, {scripttest.Ragenv, "-- true"}}},
		"config.json": {in(".docker", "config.json"), "", []command{{scripttest.Ragenv, "docker configure"}, {scripttest.Ragenv, "docker status"}, {scripttest.Ragenv, "import --docker"}}},
		"registries.conf": {in(".config", "containers", "registries.conf"), "",
			[]command{{scripttest.Ragenv, "docker configure --podman"}}},
		"drop-in":         {in(".config", "containers", "registries.conf.d", "50-other.conf"), "", []command{{scripttest.Ragenv, "docker configure --podman"}}},
		"own drop-in":     {in(".config", "containers", "registries.conf.d", "99-ragenv.conf"), "", []command{{scripttest.Ragenv, "docker configure --podman"}}},
		"passphrase file": {in("passphrase"), "RAGENV_PASSPHRASE_FILE", []command{{scripttest.Ragenv, "unlock"}}},
		"import":          {in("settings.env"), "", []command{{scripttest.Ragenv, "import PATH"}}},
		"restore":         {in("backup.age"), "RAGENV_BACKUP_PASSPHRASE_FILE", []command{{scripttest.Ragenv, "restore PATH"}}},
		"backup":          {in("backup.age"), "", []command{{scripttest.Ragenv, "backup --force PATH"}}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			if name == "passphrase file" {
				w.protect("horse battery")
			} else {
				w.open()
			}
			path := test.path(w)
			w.fifo(path)
			if test.variable != "" {
				w.env = append(w.env, test.variable+"="+path)
			}
			w.fifo(w.at(append(store, "lock")...)) // holds nothing, so that a FIFO can be locked as well
			for _, c := range test.commands {
				args := strings.Fields(strings.ReplaceAll(c.args, "PATH", path))
				stdout, stderr, code := w.endsByItself(c.program, args...)
				if code == 0 {
					t.Errorf("%s %s: exit code 0; stdout %q, stderr %q", c.program, c.args, stdout, stderr)
				}
				if !strings.Contains(stderr, "error: ") || !strings.Contains(stderr, filepath.Base(path)) {
					t.Errorf("%s %s: %q names no file", c.program, c.args, stderr)
				}
			}
			// Whatever it is, doctor reports and ends.
			if _, stderr, _ := w.endsByItself(scripttest.Ragenv, "doctor"); strings.Contains(stderr, "panic") {
				t.Errorf("doctor: %s", stderr)
			}
		})
	}
}

// Whoever holds a lock may be stopped, not dead: the kernel releases nothing then. Writing gives up; reading needs no lock.
func TestLockHeldByAStoppedProcess(t *testing.T) {
	flock, err := exec.LookPath("flock")
	if err != nil {
		t.Skip("flock(1) is not installed")
	}
	for name, test := range map[string]struct {
		lock func(*world) string
		args []string
	}{
		"store":       {func(w *world) string { return w.at(".local", "share", "ragenv", "lock") }, []string{"set", "OTHER", "--generate"}},
		"config.json": {func(w *world) string { return w.at(".docker") }, []string{"docker", "configure"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			key := w.open()
			if err := os.MkdirAll(w.at(".docker"), 0o700); err != nil {
				t.Fatal(err)
			}
			if name == "config.json" {
				if err := os.WriteFile(w.at(".docker", "config.json"), []byte("{}"), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			holder := exec.Command(flock, test.lock(w), "sh", "-c", "echo held; kill -STOP $$; exit")
			holder.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
			out, err := holder.StdoutPipe()
			if err != nil {
				t.Fatal(err)
			}
			if err := holder.Start(); err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() {
				_ = syscall.Kill(-holder.Process.Pid, syscall.SIGKILL) // the group that was started above
				_ = holder.Wait()
			})
			if _, err := out.Read(make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			if _, stderr, code := w.endsByItself(scripttest.Ragenv, test.args...); code == 0 || !strings.Contains(stderr, "lock") {
				t.Errorf("a write: exit code %d, %q; want an error about the lock", code, stderr)
			}
			if stdout, stderr, code := w.endsByItself(scripttest.Ragenv, "get", "NGC_API_KEY"); code != 0 || strings.TrimSpace(stdout) != key {
				t.Errorf("a read: exit code %d, %s", code, stderr)
			}
		})
	}
}
