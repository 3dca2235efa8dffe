package process

import (
	"bytes"
	"fmt"
	"os"
	"runtime"
	"strconv"
	"syscall"
)

// Peak is the peak memory of a process, or of a child that it waited for if that is larger.
type Peak struct {
	KiB int64
	// Bound means that KiB is an upper limit: the process used less than its parent, which hides its own
	// peak.
	Bound bool
}

// MaxRSS runs a command to its end and returns its peak resident memory. follows means that the command is
// replaced by another program.
//
// wait4 alone is not enough: a new child starts with its parent's memory, and the kernel counts that in the
// child's ru_maxrss (exec_mmap in the kernel's fs/exec.c). So the process is stopped at its exit and its
// own high-water mark is read (VmHWM, proc_pid_status(5)). That misses its children and programs that exec
// replaced. For these, ru_maxrss is right if it exceeds this process's own.
func MaxRSS(c Command, follows bool) (Peak, error) {
	runtime.LockOSThread() // ptrace is bound to a thread
	defer runtime.UnlockOSThread()
	floor, err := highWater(os.Getpid())
	if err != nil {
		return Peak{}, err
	}
	var own, counted int64
	if follows {
		r, err := c.start(nil)
		if err != nil {
			return Peak{}, err
		}
		defer r.close()
		var usage syscall.Rusage
		if _, err := syscall.Wait4(r.pid, nil, 0, &usage); err != nil {
			return Peak{}, err
		}
		counted = usage.Maxrss
	} else if own, counted, err = traced(c); err != nil {
		return Peak{}, err
	}
	// This process may have grown before it created the child.
	if now, err := highWater(os.Getpid()); err == nil {
		floor = max(floor, now)
	}
	if counted > floor {
		own = max(own, counted)
	}
	if own == 0 {
		return Peak{KiB: floor, Bound: true}, nil
	}
	return Peak{KiB: own}, nil
}

// From ptrace(2).
const (
	ptraceOptionExitKill = 0x100000
	waitAll              = 0x40000000 // __WALL
)

// traced returns the high-water mark of the process itself and its ru_maxrss, both in KiB.
func traced(c Command) (own, counted int64, err error) {
	r, err := c.start(&syscall.SysProcAttr{Ptrace: true})
	if err != nil {
		return 0, 0, err
	}
	defer r.close()
	var status syscall.WaitStatus
	var usage syscall.Rusage
	if _, err := syscall.Wait4(r.pid, &status, waitAll, nil); err != nil {
		return 0, 0, err
	}
	if err := syscall.PtraceSetOptions(r.pid, syscall.PTRACE_O_TRACEEXIT|ptraceOptionExitKill); err != nil {
		return 0, 0, fmt.Errorf("ptrace: %w", err)
	}
	for deliver := 0; ; {
		if err := syscall.PtraceCont(r.pid, deliver); err != nil {
			return 0, 0, fmt.Errorf("ptrace: %w", err)
		}
		if _, err := syscall.Wait4(r.pid, &status, waitAll, &usage); err != nil {
			return 0, 0, err
		}
		switch deliver = 0; {
		case !status.Stopped():
			return own, usage.Maxrss, nil
		case status.TrapCause() == syscall.PTRACE_EVENT_EXIT:
			if own, err = highWater(r.pid); err != nil {
				return 0, 0, err
			}
		case status.StopSignal() != syscall.SIGTRAP:
			deliver = int(status.StopSignal())
		}
	}
}

// highWater returns a process's VmHWM in KiB.
func highWater(pid int) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	_, rest, found := bytes.Cut(text, []byte("VmHWM:"))
	line, _, _ := bytes.Cut(rest, []byte(" kB"))
	if !found {
		return 0, fmt.Errorf("/proc/%d/status has no VmHWM", pid)
	}
	return strconv.ParseInt(string(bytes.TrimSpace(line)), 10, 64)
}
