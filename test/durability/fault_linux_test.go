package durability

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/ragenv/ragenv/test/rounds"
	"github.com/ragenv/ragenv/test/scripttest"
)

// faults lists system calls by names that exist on all architectures, and how they fail. The first error of
// each is always tried, the others only in the long form.
var faults = []struct {
	calls  string // a regular expression for strace
	errors []string
}{
	{"^openat2?$", []string{"ENOSPC", "EIO", "EROFS", "EDQUOT", "EMFILE", "EACCES"}},
	{"^p?writev?(64)?$", []string{"ENOSPC", "EIO", "EROFS", "EDQUOT"}},
	{"^f(data)?sync$", []string{"EIO", "ENOSPC", "EDQUOT", "EROFS"}},
	{"^rename(at2?)?$", []string{"EIO", "ENOSPC", "EROFS", "EDQUOT"}},
	{"^unlink(at)?$", []string{"EROFS", "EIO"}},
	{"^mkdir(at)?$", []string{"EDQUOT", "ENOSPC", "EIO", "EROFS"}},
	{"^link(at)?$", []string{"EPERM", "ENOSPC", "EIO", "EROFS", "EDQUOT"}},
	{"^flock$", []string{"ENOLCK", "EOPNOTSUPP", "EIO"}},
	{"^fch(mod|own)(at)?$", []string{"EPERM", "EIO", "EROFS"}},
	{"^close$", []string{"EIO", "ENOSPC", "EDQUOT"}},
	{"^ftruncate(64)?$", []string{"EIO"}},
	{"^(read|pread64)$", []string{"EIO"}},
}

// short lists the operations that the short form tries, too. Docker's writes the keychain, config.json and the
// record for undoing it; the other two write a value and the one that it replaces.
var (
	shortFaults = []string{"set", "docker configure"}
	shortKills  = []string{"helper store", "docker configure"}
)

// changesNothing matches calls where a kill leaves the same files as a kill at the next call that changes
// something, except for an empty temporary file. The short form makes them fail for one operation only.
var changesNothing = []string{"^openat2?$", "^flock$", "^close$", "^(read|pread64)$"}

// maxCalls limits a test that would otherwise never end.
const maxCalls = 2000

// fail runs one trial with a fault at the nth matching call, and judges the world. It returns the matching calls, and
// whether one of them was the nth.
func (w *world) fail(strace string, op operation, inject string) (done []call, hit bool, err error) {
	trial := op.trial(w)
	log := filepath.Join(w.dir, "strace.log")
	if err := os.WriteFile(log, nil, 0o600); err != nil {
		return nil, false, err
	}
	calls, _, _ := strings.Cut(inject, ":")
	killed := strings.Contains(inject, ":signal=")
	options := []string{"-e", "trace=" + calls, "-e", "inject=" + inject}
	if !killed { // with --seccomp-bpf, strace sends no signals
		options = append(options, "--seccomp-bpf")
	}
	cmd := w.traced(strace, log, options, trial.program, trial.args...)
	for name, value := range trial.env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	var stdout, stderr bytes.Buffer
	cmd.Stdin, cmd.Stdout, cmd.Stderr = strings.NewReader(trial.stdin), &stdout, &stderr
	if err := cmd.Start(); err != nil {
		return nil, false, err
	}
	stop := func() {}
	if strings.Contains(calls, "close") && !killed {
		stop = releaseLocks(log, cmd.Process.Pid)
	}
	runErr := cmd.Wait()
	stop()
	text, err := os.ReadFile(log)
	if err != nil {
		return nil, false, err
	}
	done = parseCalls(string(text), w.dir)
	inside, outside := 0, 0 // calls that failed: on files of the world, and on anything else (a pipe, the runtime's own files)
	for _, c := range done {
		switch {
		case !c.injected:
		case c.inside:
			inside++
		default:
			outside++
		}
	}
	hit = inside+outside > 0 || killed && runErr != nil
	context := func(err error) error {
		lines := strings.Split(string(text), "\n")
		lines = slices.DeleteFunc(lines, func(line string) bool { return !strings.Contains(line, "INJECTED") })
		return fmt.Errorf("%s, %s: %w\n%s%s%s", op.name, inject, err, stdout.String(), stderr.String(), strings.Join(lines, "\n"))
	}
	if runErr != nil && !killed && inside > 0 && outside == 0 {
		if err := oneClearError(trial, runErr, stdout.String(), stderr.String()); err != nil {
			return done, true, context(err)
		}
	}
	if runErr == nil && inside > 0 && strings.Contains(inject, "sync$:error") {
		return done, true, context(errors.New("success was reported of what may not have reached the disk"))
	}
	if err := trial.verify(runErr == nil); err != nil {
		return done, true, context(fmt.Errorf("LOST: %w", err))
	}
	if err := w.storeIsTidy(); err != nil {
		return done, true, context(err)
	}
	return done, hit, nil
}

// oneClearError judges the error of a failed program.
func oneClearError(trial trial, err error, stdout, stderr string) error {
	var exit *exec.ExitError
	if !errors.As(err, &exit) || exit.ExitCode() != 1 {
		return fmt.Errorf("%w, want exit code 1", err)
	}
	if strings.Contains(stderr, "goroutine ") || strings.Contains(stderr, "panic") {
		return errors.New("it crashed")
	}
	count := 0
	for line := range strings.Lines(stderr) {
		if strings.HasPrefix(line, trial.program+": error: ") || trial.program == changePassphrase && strings.HasPrefix(line, "ragenv: error: ") {
			count++
		}
	}
	several := len(trial.args) > 0 && (trial.args[0] == "import" || trial.args[0] == "restore") // they may report one per key
	if count == 0 || count > 1 && !several {
		return fmt.Errorf("%d errors, want one", count)
	}
	if trial.program == scripttest.Helper && strings.TrimSpace(stdout) == "" {
		return errors.New("the client is not told")
	}
	return nil
}

// injections runs op with each fault at the first, second, ... call until none is left that can differ.
func injections(t *testing.T, strace string, op operation, faults []string, runs *atomic.Int64) {
	w := newWorld(t, t.TempDir())
	last := map[string]int{} // the call after which the first error of these calls made no difference
	for _, fault := range faults {
		calls, _, _ := strings.Cut(fault, ":")
		f := frontier{repeats: mayRepeat, kinds: map[string]bool{}}
		for n := 1; ; n++ {
			if n <= last[calls] {
				f.same = 0
			} else if last[calls] > 0 {
				f.repeats = mayStray
			}
			if n > maxCalls {
				t.Fatalf("%s: no end", fault)
			}
			done, hit, err := w.fail(strace, op, fault+":when="+strconv.Itoa(n))
			if err != nil {
				t.Fatal(err)
			}
			if hit {
				runs.Add(1)
			}
			if f.passed(done, hit, strings.Contains(fault, ":signal=")) {
				if last[calls] == 0 {
					last[calls] = n - max(f.same, f.missed)
				}
				break
			}
		}
	}
}

// tried returns the operations to try: all in the long form, otherwise those in short.
func tried(short []string) []operation {
	return slices.DeleteFunc(slices.Clone(operations), func(op operation) bool { return !rounds.Long() && !slices.Contains(short, op.name) })
}

// TestFaults makes each system call of each changing command fail in turn, in each way that a disk can.
// Every item then has the former value or the next one, and the next one if the command reported success. A
// failure is one clear error.
func TestFaults(t *testing.T) {
	runs := injectIntoEach(t, shortFaults, func(op operation) (list []string) {
		for _, fault := range faults {
			errs := fault.errors
			if !rounds.Long() || op.slow {
				errs = errs[:1]
			}
			for _, err := range errs {
				list = append(list, "/"+fault.calls+":error="+err)
			}
		}
		return list
	})
	t.Logf("%d runs with a fault: 0 losses", runs)
}

// TestKilledAtEachCall kills each command at each of its system calls on files.
func TestKilledAtEachCall(t *testing.T) {
	runs := injectIntoEach(t, shortKills, func(operation) (list []string) {
		for _, fault := range faults { // call by call: the first thread to reach its nth call ends the process
			if rounds.Long() || !slices.Contains(changesNothing, fault.calls) {
				list = append(list, "/"+fault.calls+":signal=SIGKILL")
			}
		}
		return list
	})
	t.Logf("%d runs that were killed: 0 losses", runs)
}

// injectIntoEach runs each operation with the injections that list returns, and returns the number of runs.
func injectIntoEach(t *testing.T, short []string, list func(operation) []string) int64 {
	strace := needStrace(t)
	scripttest.Binary(t, scripttest.Ragenv)
	scripttest.Binary(t, scripttest.Helper)
	var runs atomic.Int64
	t.Run("all", func(t *testing.T) {
		for _, op := range tried(short) {
			t.Run(op.name, func(t *testing.T) {
				t.Parallel()
				injections(t, strace, op, list(op), &runs)
			})
		}
	})
	return runs.Load()
}
