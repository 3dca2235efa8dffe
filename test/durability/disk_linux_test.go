package durability

import (
	"bytes"
	"errors"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
)

// envDisk names the directory to mount a disk at. If set, the test runs in its own mount namespace.
const envDisk = "DURABILITY_TEST_DISK"

// onOwnDisk reruns the test in a mount namespace with a small disk (tmpfs, with these options). In that
// process it returns the disk's directory; in the outer one it returns "".
func onOwnDisk(t *testing.T, options string) string {
	t.Helper()
	if dir := os.Getenv(envDisk); dir != "" {
		if out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "tmpfs", dir).CombinedOutput(); err != nil {
			t.Fatalf("mount: %v: %s", err, out)
		}
		return dir
	}
	if out, err := exec.Command("unshare", "-rm", "mount", "-t", "tmpfs", "tmpfs", t.TempDir()).CombinedOutput(); err != nil {
		t.Skipf("no mount namespace can be had here: %v: %s", err, out)
	}
	cmd := exec.Command("unshare", "-rm", os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v")
	cmd.Env = append(os.Environ(), envDisk+"="+t.TempDir())
	out, err := cmd.CombinedOutput()
	t.Logf("%s", out)
	if err != nil {
		t.Error(err)
	}
	return ""
}

// outcome is how a command must end.
type outcome int

const (
	fails  outcome = iota // exit code 1, one error, one hint, no change
	works                 // exit code 0, and the change is complete
	either                // one of the two: the change may fit in by chance
)

// attempt is a command to run while the disk has a fault.
type attempt struct {
	name  string
	trial trial
	want  outcome
}

// judge runs an attempt, repairs the disk, and checks what is stored.
func (w *world) judge(t *testing.T, a attempt, repair func()) {
	t.Helper()
	cmd := w.command(a.trial.program, a.trial.args...)
	for name, value := range a.trial.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(a.trial.stdin), &stdout, &stderr
	err := cmd.Run()
	repair()
	if err := hasEnded(a, err, stdout.String(), stderr.String()); err != nil {
		t.Errorf("%s: %v\n%s%s", a.name, err, stdout.String(), stderr.String())
	}
	t.Logf("%-18s %v: %s", a.name, err, strings.ReplaceAll(strings.TrimSpace(stderr.String()), w.dir, "DIR"))
	if a.trial.verify == nil {
		return
	}
	if verr := a.trial.verify(err == nil); verr != nil {
		t.Errorf("LOST: %s: %v", a.name, verr)
	}
	if err := w.storeIsTidy(); err != nil {
		t.Errorf("%s: %v", a.name, err)
	}
}

func hasEnded(a attempt, err error, stdout, stderr string) error {
	if err == nil && a.want == fails {
		return errors.New("it reported success")
	}
	if err == nil {
		return nil
	}
	if a.want == works {
		return err
	}
	if err := oneClearError(a.trial, err, stdout, stderr); err != nil {
		return err
	}
	if !strings.Contains(stderr, a.trial.program+": hint: ") {
		return errors.New("no hint")
	}
	if a.trial.program == scripttest.Helper && !strings.Contains(stdout, "hint: ") {
		return errors.New("the client gets no hint")
	}
	return nil
}

func operationNamed(name string) operation {
	return operations[slices.IndexFunc(operations, func(op operation) bool { return op.name == name })]
}

// attempts returns commands to try on a disk that cannot be written. Removing needs no space.
func attempts(w *world, writing, removing outcome) []func() attempt {
	var list []func() attempt
	add := func(name string, want outcome) {
		list = append(list, func() attempt { return attempt{name, operationNamed(name).trial(w), want} })
	}
	for _, name := range []string{"set", "rotate", "import --remove", "profile use", "docker configure", "helper store", "passphrase --no-passphrase", "setup"} {
		add(name, writing)
	}
	add("rm", removing)
	add("helper erase", removing)
	reading := func(name, stdin, program string, args ...string) {
		list = append(list, func() attempt { return attempt{name, w.storing(nil, stdin, program, args...), works} })
	}
	reading("helper get", "nvcr.io", scripttest.Helper, "get")
	reading("helper list", "", scripttest.Helper, "list")
	reading("ragenv get", "", scripttest.Ragenv, "get", "FIRST_TOKEN")
	reading("ragenv --", "", scripttest.Ragenv, "--", "true")
	list = append(list, func() attempt { // unlocking writes to the kernel only
		w.protect([]byte(scripttest.NewKey()))
		file := filepath.Join(w.dir, "passphrase")
		put(w.t, file, string(w.passphrase)+"\n")
		t := w.storing(nil, "", scripttest.Ragenv, "unlock")
		t.env = map[string]string{"RAGENV_PASSPHRASE_FILE": file}
		verify := t.verify
		t.verify = func(done bool) error {
			if err := verify(done); err != nil {
				return err
			}
			w.run("", scripttest.Ragenv, "lock")
			w.protect(nil)
			return nil
		}
		return attempt{"unlock", t, either} // some machines have no kernel keyring
	})
	return list
}

// fill uses up all the space on the disk.
func fill(t *testing.T, path string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_APPEND, 0o600)
	if err != nil {
		return // no space even for an empty file
	}
	defer f.Close()
	for _, size := range []int{1 << 16, 1 << 12, 1} {
		for block := make([]byte, size); err == nil; {
			_, err = f.Write(block)
		}
		if !errors.Is(err, syscall.ENOSPC) {
			t.Fatal(err)
		}
		err = nil
	}
}

// TestFullDisk checks a full disk: each command that writes fails with one clear error and a hint, and
// nothing is lost. Reading and removing work.
func TestFullDisk(t *testing.T) {
	dir := onOwnDisk(t, "size=2m")
	if dir == "" {
		return
	}
	scripttest.Binary(t, scripttest.Helper)
	w := newWorld(t, filepath.Join(dir, "world"))
	filler := filepath.Join(dir, "filler")
	n := 0
	for _, next := range attempts(w, fails, works) {
		a := next()
		fill(t, filler)
		w.judge(t, a, func() { _ = os.Remove(filler) })
		n++
	}
	t.Logf("%d commands on a full disk: 0 losses", n)
}

// TestNoInodes is TestFullDisk for a disk without free inodes.
func TestNoInodes(t *testing.T) {
	dir := onOwnDisk(t, "size=2m,nr_inodes=200")
	if dir == "" {
		return
	}
	scripttest.Binary(t, scripttest.Helper)
	w := newWorld(t, filepath.Join(dir, "world"))
	fillers := filepath.Join(dir, "fillers")
	n := 0
	for _, next := range attempts(w, fails, works) {
		a := next()
		if err := os.Mkdir(fillers, 0o700); err != nil {
			t.Fatal(err)
		}
		for i := 0; os.WriteFile(filepath.Join(fillers, fmt.Sprint(i)), nil, 0o600) == nil; i++ {
		}
		w.judge(t, a, func() { _ = os.RemoveAll(fillers) })
		n++
	}
	t.Logf("%d commands on a disk without inodes: 0 losses", n)
}

// TestReadOnlyDisk checks that a read-only home can be read.
func TestReadOnlyDisk(t *testing.T) {
	dir := onOwnDisk(t, "size=2m")
	if dir == "" {
		return
	}
	scripttest.Binary(t, scripttest.Helper)
	w := newWorld(t, filepath.Join(dir, "world"))
	if out, err := exec.Command("mount", "-o", "remount,rw", dir).CombinedOutput(); err != nil {
		t.Skipf("this user may mount, but not mount again: %s", out)
	}
	remount := func(mode string) {
		if out, err := exec.Command("mount", "-o", "remount,"+mode, dir).CombinedOutput(); err != nil {
			t.Fatalf("remount: %v: %s", err, out)
		}
	}
	n := 0
	for _, next := range attempts(w, fails, fails) {
		a := next()
		remount("ro")
		w.judge(t, a, func() { remount("rw") })
		n++
	}
	t.Logf("%d commands on a read-only disk: 0 losses", n)
}

// nobody is a user without write permission, since root can write everywhere.
const nobody = 65534

// TestNoHome runs without a home, with one that does not exist, and with one that is read-only.
func TestNoHome(t *testing.T) {
	commands := []attempt{
		{name: "set", trial: trial{program: scripttest.Ragenv, args: []string{"set", "NGC_API_KEY"}, stdin: scripttest.NewKey()}},
		{name: "setup", trial: trial{program: scripttest.Ragenv, args: []string{"setup", "--yes", "--no-passphrase"}}},
		{name: "import", trial: trial{program: scripttest.Ragenv, args: []string{"import", "--from-env", "--only", "X_TOKEN"}, env: map[string]string{"X_TOKEN": scripttest.NewKey()}}},
		{name: "rotate", trial: trial{program: scripttest.Ragenv, args: []string{"rotate", "NGC_API_KEY", "--offline"}, stdin: scripttest.NewKey()}},
		{name: "unlock", trial: trial{program: scripttest.Ragenv, args: []string{"unlock"}}},
		{name: "docker configure", trial: trial{program: scripttest.Ragenv, args: []string{"docker", "configure"}}},
		{name: "helper store", trial: trial{program: scripttest.Helper, args: []string{"store"}, stdin: credential("nvcr.io", "$oauthtoken", scripttest.NewKey())}},
		{name: "helper get", trial: trial{program: scripttest.Helper, args: []string{"get"}, stdin: "nvcr.io"}},
		{name: "helper erase", trial: trial{program: scripttest.Helper, args: []string{"erase"}, stdin: "nvcr.io"}, want: either},
		{name: "helper list", trial: trial{program: scripttest.Helper, args: []string{"list"}}, want: either},
	}
	dir, err := os.MkdirTemp("", "ragenv-test-*") // the parent of t.TempDir is closed to other users
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	if err := os.Chmod(dir, 0o755); err != nil {
		t.Fatal(err)
	}
	bin := map[string]string{}
	for _, program := range []string{scripttest.Ragenv, scripttest.Helper} {
		data, err := os.ReadFile(scripttest.Binary(t, program))
		if err != nil {
			t.Fatal(err)
		}
		bin[program] = filepath.Join(dir, program)
		if err := os.WriteFile(bin[program], data, 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if os.Geteuid() == 0 {
		if out, err := runAs(nobody, exec.Command(bin[scripttest.Helper], "version")); err != nil {
			t.Skipf("what nobody may do cannot be tried here: %v: %s", err, out)
		}
	}
	closed := filepath.Join(dir, "closed")
	if err := os.Mkdir(closed, 0o500); err != nil {
		t.Fatal(err)
	}
	if os.Geteuid() == 0 {
		if err := os.Chown(closed, nobody, nobody); err != nil {
			t.Fatal(err)
		}
	}
	n := 0
	for place, home := range map[string][]string{
		"HOME unset": nil, "HOME empty": {"HOME="}, "HOME=/nonexistent": {"HOME=/nonexistent/ragenv-test"}, "HOME not writable": {"HOME=" + closed},
	} {
		for _, a := range commands {
			cmd := exec.Command(bin[a.trial.program], a.trial.args...)
			cmd.Env = append(slices.Clone(home), "PATH=/usr/bin:/bin", "RAGENV_BACKEND=file")
			for name, value := range a.trial.env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			cmd.Dir = dir
			var stdout, stderr bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(a.trial.stdin), &stdout, &stderr
			_, err := runAs(nobody, cmd)
			// "not found" is the protocol's answer on standard output. The reason for the user is next to
			// it.
			if err := hasEnded(a, err, stdout.String()+"hint: ", stderr.String()); err != nil {
				t.Errorf("%s: %s: %v\n%s%s", place, a.name, err, stdout.String(), stderr.String())
			}
			if a.trial.program == scripttest.Helper && err != nil && strings.TrimSpace(stdout.String()) == "" {
				t.Errorf("%s: %s: the client is not told", place, a.name)
			}
			n++
			t.Logf("%-18s %-17s %v: %s", place, a.name, err, strings.ReplaceAll(strings.TrimSpace(stderr.String()), dir, "DIR"))
		}
	}
	if entries, err := os.ReadDir(closed); err != nil || len(entries) > 0 {
		t.Errorf("something was written: %v, %v", entries, err)
	}
	t.Logf("%d commands without a home", n)
}

// runAs runs a command as another user if this process is root.
func runAs(uid uint32, cmd *exec.Cmd) (string, error) {
	var out bytes.Buffer
	if cmd.Stdout == nil {
		cmd.Stdout, cmd.Stderr = &out, &out
	}
	if os.Geteuid() == 0 {
		cmd.SysProcAttr = &syscall.SysProcAttr{Credential: &syscall.Credential{Uid: uid, Gid: uid}}
	}
	err := cmd.Run()
	return out.String(), err
}

// TestShortWrites checks a file system that accepts only the first bytes of a file. What is stored, and
// every file written next to it, is either complete or the former one.
func TestShortWrites(t *testing.T) {
	prlimit, err := exec.LookPath("prlimit")
	if err != nil {
		t.Skip("prlimit is not installed")
	}
	scripttest.Binary(t, scripttest.Helper)
	step := 97
	if rounds.Long() {
		step = 7
	}
	runs := 0
	for _, name := range []string{"set", "rotate", "helper store", "docker configure", "profile use", "import --remove", "passphrase --no-passphrase"} {
		w := newWorld(t, t.TempDir())
		for size := 0; ; size += step {
			trial := operationNamed(name).trial(w)
			cmd := w.command(trial.program, trial.args...)
			cmd.Args = append([]string{prlimit, fmt.Sprintf("--fsize=%d", size), "--", cmd.Path}, cmd.Args[1:]...)
			cmd.Path = prlimit
			for name, value := range trial.env {
				cmd.Env = append(cmd.Env, name+"="+value)
			}
			var stdout, stderr bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(trial.stdin), &stdout, &stderr
			err := cmd.Run()
			runs++
			if err != nil {
				if err := oneClearError(trial, err, stdout.String(), stderr.String()); err != nil {
					t.Errorf("%s, %d bytes: %v\n%s", name, size, err, stderr.String())
				}
			}
			if err := trial.verify(err == nil); err != nil {
				t.Fatalf("LOST: %s, %d bytes: %v", name, size, err)
			}
			if err := w.storeIsTidy(); err != nil {
				t.Fatalf("%s, %d bytes: %v", name, size, err)
			}
			if err == nil {
				break
			}
			if size > 1<<16 {
				t.Fatalf("%s never succeeds: %v: %s", name, err, stderr.String())
			}
		}
	}
	t.Logf("%d runs with a short write: 0 losses", runs)
}

// TestNoLocks checks a file system without locks, such as some network mounts. Writing the store needs a
// lock and fails; reading needs none.
func TestNoLocks(t *testing.T) {
	strace := needStrace(t)
	scripttest.Binary(t, scripttest.Helper)
	w := newWorld(t, t.TempDir())
	for _, fault := range []string{"ENOLCK", "EOPNOTSUPP", "ENOSYS"} {
		for _, a := range []attempt{
			{"set", operationNamed("set").trial(w), fails},
			{"helper store", operationNamed("helper store").trial(w), fails},
			{"ragenv get", w.storing(nil, "", scripttest.Ragenv, "get", "FIRST_TOKEN"), works},
			{"helper get", w.storing(nil, "nvcr.io", scripttest.Helper, "get"), works},
		} {
			before := maps.Clone(w.items)
			log := filepath.Join(w.dir, "strace.log")
			cmd := w.traced(strace, log, []string{"-e", "trace=flock", "-e", "inject=flock:error=" + fault}, a.trial.program, a.trial.args...)
			var stdout, stderr bytes.Buffer
			cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(a.trial.stdin), &stdout, &stderr
			err := cmd.Run()
			if err := hasEnded(a, err, stdout.String(), stderr.String()); err != nil {
				t.Errorf("%s, %s: %v\n%s%s", fault, a.name, err, stdout.String(), stderr.String())
			}
			if a.want == fails && !strings.Contains(stderr.String(), keychain.ErrNoLocks.Error()) {
				t.Errorf("%s, %s: %s", fault, a.name, stderr.String())
			}
			if err := w.compare(before, true); err != nil {
				t.Errorf("LOST: %s, %s: %v", fault, a.name, err)
			}
		}
	}
}
