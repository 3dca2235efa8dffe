package durability

import (
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"time"

	"golang.org/x/sys/unix"
)

// failedClose matches a call that strace made fail: the thread and the descriptor.
var failedClose = regexp.MustCompile(`(?m)^(\d+) +close\((\d+)<.*\(INJECTED\)`)

// releaseLocks releases the locks of files that a traced process failed to close. strace does not execute a
// call that it makes fail, but the kernel closes a file even if it reports an error. Otherwise the process
// would wait ten seconds for its own lock. The returned function ends this.
func releaseLocks(log string) (stop func()) {
	over, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for done := 0; ; {
			text, _ := os.ReadFile(log) // read again soon
			found := failedClose.FindAllStringSubmatch(string(text), -1)
			for ; done < len(found); done++ {
				thread, _ := strconv.Atoi(found[done][1]) // digits
				fd, _ := strconv.Atoi(found[done][2])
				_ = releaseLock(thread, fd) // it has ended, or this is an old kernel: then it waits
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
func releaseLock(thread, fd int) error {
	status, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(thread), "status"))
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
	file, err := unix.PidfdGetfd(process, fd, 0)
	if err != nil {
		return err
	}
	defer unix.Close(file)
	return unix.Flock(file, unix.LOCK_UN)
}
