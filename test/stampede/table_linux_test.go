package stampede

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// envTable lists directories with a docker-credential-ngc to compare, separated by ":".
const envTable = "RAGENV_TEST_STAMPEDE_TABLE"

// TestTable prints the cost of many gets at once for each program that the variable names, with and without
// a kernel keyring, in control groups of 512 MiB and 2 GiB. It checks nothing: the figures depend on the
// machine. All are from one run, so that the programs can be compared.
func TestTable(t *testing.T) {
	dirs := filepath.SplitList(os.Getenv(envTable))
	if len(dirs) == 0 {
		t.Skipf("prints figures where $%s names directories of docker-credential-ngc", envTable)
	}
	fmt.Println("| programs | cache | group | at once | seconds | times one | peak MiB | most in processes, MiB (PSS) | failed |")
	fmt.Println("|---|---|---|---|---|---|---|---|---|")
	for _, limit := range []int64{512 << 20, 2 << 30} {
		for _, keyring := range []bool{true, false} {
			for _, dir := range dirs {
				one := time.Duration(0)
				for _, many := range []int{1, 14, 64} {
					m := measure(t, dir, many, keyring, limit)
					if many == 1 {
						one = m.took
					}
					fmt.Printf("| %s | %s | %d MiB | %d | %.1f | %.1f | %d | %d | %d |\n", filepath.Base(dir), map[bool]string{true: "keyring", false: "none"}[keyring],
						limit>>20, many, m.took.Seconds(), m.took.Seconds()/one.Seconds(), m.peak>>20, m.pss>>20, m.failed)
				}
			}
		}
	}
}

type measured struct {
	took      time.Duration
	peak, pss int64 // bytes: charged to the control group; sum of the processes' proportional shares, sampled
	failed    int
}

func measure(t *testing.T, dir string, many int, keyring bool, limit int64) (m measured) {
	t.Helper()
	h := newHomeOf(t, 18)
	h.lock(t)
	group := newGroup(t, limit)
	var all sync.WaitGroup
	var lock sync.Mutex
	var pids []int
	start := time.Now()
	for range many {
		cmd := h.get(t, keyring)
		if at := slices.IndexFunc(cmd.Args, func(arg string) bool { return filepath.Base(arg) == "docker-credential-ngc" }); at >= 0 {
			cmd.Args[at] = filepath.Join(dir, "docker-credential-ngc")
		}
		// A shell joins the group and then executes the program, so that the group is charged for all of
		// it.
		command := exec.Command("sh", append([]string{"-c", `echo $$ >"$0/cgroup.procs" && exec "$@"`, group}, cmd.Args...)...)
		command.Env, command.Stdin = cmd.Env, cmd.Stdin
		all.Go(func() {
			var out strings.Builder
			command.Stdout = &out
			err := command.Start()
			if err == nil {
				lock.Lock()
				pids = append(pids, command.Process.Pid)
				lock.Unlock()
				err = command.Wait()
			}
			lock.Lock()
			defer lock.Unlock()
			if err != nil || !strings.Contains(out.String(), h.key) {
				m.failed++
			}
		})
	}
	done := make(chan struct{})
	go func() { all.Wait(); close(done) }()
	for running := true; running; {
		select {
		case <-done:
			running = false
		case <-time.After(100 * time.Millisecond):
			lock.Lock()
			now := slices.Clone(pids)
			lock.Unlock()
			m.pss = max(m.pss, proportional(now))
		}
	}
	m.took = time.Since(start)
	m.peak = readNumber(t, group, "memory.peak", "memory.max_usage_in_bytes")
	return m
}

// proportional returns the sum of the processes' proportional set sizes, in which shared memory counts
// once.
func proportional(pids []int) (sum int64) {
	for _, pid := range pids {
		text, _ := os.ReadFile(fmt.Sprintf("/proc/%d/smaps_rollup", pid))
		for line := range strings.Lines(string(text)) {
			if rest, ok := strings.CutPrefix(line, "Pss:"); ok {
				n, _ := strconv.ParseInt(strings.Fields(rest)[0], 10, 64)
				sum += n << 10
			}
		}
	}
	return sum
}

// newGroup creates a memory control group, of either version. It is removed when the test ends.
func newGroup(t *testing.T, limit int64) string {
	t.Helper()
	for _, version := range []struct{ root, limit string }{{"/sys/fs/cgroup/memory", "memory.limit_in_bytes"}, {"/sys/fs/cgroup", "memory.max"}} {
		dir, err := os.MkdirTemp(version.root, "ragenv-stampede-")
		if err != nil {
			continue
		}
		t.Cleanup(func() { _ = unix.Rmdir(dir) })
		// Do not create it: if it does not exist, this is not a control group.
		file, err := os.OpenFile(filepath.Join(dir, version.limit), os.O_WRONLY, 0)
		if err != nil {
			continue
		}
		_, err = file.WriteString(strconv.FormatInt(limit, 10))
		if err := errors.Join(err, file.Close()); err == nil {
			return dir
		}
	}
	t.Skip("no control group of memory can be made here")
	return ""
}

func readNumber(t *testing.T, dir string, names ...string) int64 {
	t.Helper()
	for _, name := range names {
		if text, err := os.ReadFile(filepath.Join(dir, name)); err == nil {
			n, err := strconv.ParseInt(strings.TrimSpace(string(text)), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
	}
	t.Fatalf("%s has none of %q", dir, names)
	return 0
}
