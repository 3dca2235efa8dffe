// Package process starts programs and measures what each of them costs, with little overhead: it starts
// them like posix_spawn (clone with CLONE_VFORK) and uses wait4 and the monotonic clock.
package process

import (
	"fmt"
	"os"
	"syscall"
	"time"
)

// Command describes a process to start. Its standard output and error are discarded.
type Command struct {
	Argv  []string // the first element is the program's path
	Env   []string
	Dir   string
	Stdin string // a file; empty for no input
}

// Sample is the cost of one process, including all children that it waited for.
type Sample struct {
	Wall   time.Duration // from before the start to after the end
	CPU    time.Duration // user and system
	Faults int64         // page faults that needed no input or output
	Exit   int           // 128+n for signal n
}

// running is a started process.
type running struct {
	pid   int
	stdin *os.File
	began time.Time
}

var devNull = func() *os.File {
	f, err := os.OpenFile(os.DevNull, os.O_RDWR, 0)
	if err != nil {
		panic(err)
	}
	return f
}()

// Spawn runs a command to its end. For steady times, the caller locks its thread first.
func Spawn(c Command) (Sample, error) {
	r, err := c.start(nil)
	if err != nil {
		return Sample{}, err
	}
	return r.wait()
}

// SpawnAll runs a command several times at once. Wall is from before the first start to the last end, Exit
// is the highest code, and the rest are sums.
func SpawnAll(c Command, times int) (Sample, error) {
	var total Sample
	var failed error
	began := time.Now()
	all := make([]*running, 0, times)
	for range times {
		r, err := c.start(nil)
		if err != nil {
			failed = err
			break
		}
		all = append(all, r)
	}
	for _, r := range all {
		s, err := r.wait()
		if err != nil {
			failed = err
		}
		total.CPU += s.CPU
		total.Faults += s.Faults
		total.Exit = max(total.Exit, s.Exit)
	}
	total.Wall = time.Since(began)
	return total, failed
}

func (c Command) start(sys *syscall.SysProcAttr) (*running, error) {
	r := &running{stdin: devNull}
	if c.Stdin != "" {
		f, err := os.Open(c.Stdin)
		if err != nil {
			return nil, err
		}
		r.stdin = f
	}
	attr := &syscall.ProcAttr{Dir: c.Dir, Env: c.Env, Files: []uintptr{r.stdin.Fd(), devNull.Fd(), devNull.Fd()}, Sys: sys}
	var err error
	r.began = time.Now()
	r.pid, err = syscall.ForkExec(c.Argv[0], c.Argv, attr)
	if err != nil {
		r.close()
		return nil, fmt.Errorf("%s: %w", c.Argv[0], err)
	}
	return r, nil
}

func (r *running) close() {
	if r.stdin != devNull {
		_ = r.stdin.Close()
	}
}

func (r *running) wait() (Sample, error) {
	defer r.close()
	var status syscall.WaitStatus
	var usage syscall.Rusage
	for {
		_, err := syscall.Wait4(r.pid, &status, 0, &usage)
		if err == syscall.EINTR {
			continue
		}
		wall := time.Since(r.began)
		if err != nil {
			return Sample{}, err
		}
		return Sample{
			Wall: wall, CPU: time.Duration(usage.Utime.Nano() + usage.Stime.Nano()), Faults: usage.Minflt, Exit: exitCode(status),
		}, nil
	}
}

func exitCode(status syscall.WaitStatus) int {
	if status.Signaled() {
		return 128 + int(status.Signal())
	}
	return status.ExitStatus()
}
