//go:build linux || darwin

package hangs

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
	"github.com/ragenv/ragenv/test/terminal"
)

// A FIFO in place of any file that the programs read causes an error that names it, and never a wait.
func TestFIFOInAFilesPlace(t *testing.T) {
	t.Parallel()
	store := []string{".local", "share", "ragenv"}
	item := func(w *terminal.World) string {
		paths, err := filepath.Glob(w.At(append(store, "items", "default+env+*.age")...))
		if err != nil || len(paths) != 1 {
			t.Fatalf("%d items, %v", len(paths), err)
		}
		return paths[0]
	}
	in := func(elements ...string) func(*terminal.World) string {
		return func(w *terminal.World) string { return w.At(elements...) }
	}
	type command struct {
		program string
		args    string
	}
	get, helper := command{scripttest.Ragenv, "get NGC_API_KEY"}, command{scripttest.Helper, "get"}
	set := command{scripttest.Ragenv, "set OTHER --generate"}
	for name, test := range map[string]struct {
		path     func(*terminal.World) string
		variable string // set to the path
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
			w := terminal.NewWorld(t)
			if name == "passphrase file" {
				w.Protect("horse battery")
			} else {
				w.Open()
			}
			path := test.path(w)
			w.Fifo(path)
			if test.variable != "" {
				w.Env = append(w.Env, test.variable+"="+path)
			}
			w.Fifo(w.At(append(store, "lock")...)) // the lock file has no contents, so a FIFO can be locked as well
			for _, c := range test.commands {
				args := strings.Fields(strings.ReplaceAll(c.args, "PATH", path))
				stdout, stderr, code := w.EndsByItself(c.program, args...)
				if code == 0 {
					t.Errorf("%s %s: exit code 0; stdout %q, stderr %q", c.program, c.args, stdout, stderr)
				}
				if !strings.Contains(stderr, "error: ") || !strings.Contains(stderr, filepath.Base(path)) {
					t.Errorf("%s %s: %q names no file", c.program, c.args, stderr)
				}
			}
			// In every case, doctor reports and ends.
			if _, stderr, _ := w.EndsByItself(scripttest.Ragenv, "doctor"); strings.Contains(stderr, "panic") {
				t.Errorf("doctor: %s", stderr)
			}
		})
	}
}

// A process that holds a lock may be stopped, so the kernel does not release the lock. Writing gives up;
// reading needs no lock.
func TestLockHeldByAStoppedProcess(t *testing.T) {
	t.Parallel()
	flock, err := exec.LookPath("flock")
	if err != nil {
		t.Skip("flock(1) is not installed")
	}
	for name, test := range map[string]struct {
		lock func(*terminal.World) string
		args []string
	}{
		"store":       {func(w *terminal.World) string { return w.At(".local", "share", "ragenv", "lock") }, []string{"set", "OTHER", "--generate"}},
		"config.json": {func(w *terminal.World) string { return w.At(".docker") }, []string{"docker", "configure"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := terminal.NewWorld(t)
			key := w.Open()
			if err := os.MkdirAll(w.At(".docker"), 0o700); err != nil {
				t.Fatal(err)
			}
			if name == "config.json" {
				if err := os.WriteFile(w.At(".docker", "config.json"), []byte("{}"), 0o600); err != nil {
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
				_ = syscall.Kill(-holder.Process.Pid, syscall.SIGKILL) // the process group created above
				_ = holder.Wait()
			})
			if _, err := out.Read(make([]byte, 5)); err != nil {
				t.Fatal(err)
			}
			if _, stderr, code := w.EndsByItself(scripttest.Ragenv, test.args...); code == 0 || !strings.Contains(stderr, "lock") {
				t.Errorf("a write: exit code %d, %q; want an error about the lock", code, stderr)
			}
			if stdout, stderr, code := w.EndsByItself(scripttest.Ragenv, "get", "NGC_API_KEY"); code != 0 || strings.TrimSpace(stdout) != key {
				t.Errorf("a read: exit code %d, %s", code, stderr)
			}
		})
	}
}
