package durability

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// closeCall matches a call of close in strace's output, or the end of one that another thread interrupted: the
// thread, the descriptor and its file.
var closeCall = regexp.MustCompile(`(?m)^(\d+) +(?:close\((\d+)<([^>]*)>|<\.\.\. close resumed>).*$`)

// failedClose is a call that strace made fail.
type failedClose struct {
	thread, fd int
	file       string
}

func failedCloses(text string) (failed []failedClose) {
	unfinished := map[string]failedClose{}
	for _, m := range closeCall.FindAllStringSubmatch(text, -1) {
		call, resumed := unfinished[m[1]], m[2] == ""
		if !resumed {
			thread, _ := strconv.Atoi(m[1]) // digits
			fd, _ := strconv.Atoi(m[2])
			call = failedClose{thread, fd, m[3]}
			unfinished[m[1]] = call
		}
		if strings.HasSuffix(m[0], "(INJECTED)") {
			failed = append(failed, call)
		}
	}
	return failed
}

// releaseLocks releases the locks of files that a traced process failed to close. strace does not execute a
// call that it makes fail, but the kernel closes a file even if it reports an error. Otherwise the process
// would wait ten seconds for its own lock. It would wait forever for the end of a pipe that it keeps open
// itself, as when it starts another program, so group is killed then. The returned function ends this.
func releaseLocks(log string, group int) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for done := 0; ; {
			text, _ := os.ReadFile(log) // read again soon
			found := failedCloses(string(text))
			for ; done < len(found); done++ {
				if strings.HasPrefix(found[done].file, "pipe:") {
					_ = syscall.Kill(-group, syscall.SIGKILL)
				}
				_ = releaseLock(found[done]) // it has ended, or this is an old kernel: then it waits
			}
			select {
			case <-over:
				return
			case <-time.After(2 * time.Millisecond):
			}
		}
	}()
	return func() { close(over); <-ended }
}

var threadGroup = regexp.MustCompile(`\nTgid:\s+(\d+)\n`)

// releaseLock releases the lock of another process's open file.
func releaseLock(call failedClose) error {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(call.thread), "status"))
	if err != nil {
		return err
	}
	group := threadGroup.FindSubmatch(status)
	if group == nil {
		return os.ErrProcessDone
	}
	pid, _ := strconv.Atoi(string(group[1])) // digits
	process, err := unix.PidfdOpen(pid, 0)
	if err != nil {
		return err
	}
	defer unix.Close(process)
	file, err := unix.PidfdGetfd(process, call.fd, 0)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	return unix.Flock(file, unix.LOCK_UN)
}
