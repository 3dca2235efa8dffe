//go:build unix

package maskedrun

import (
	"io"
	"os"
	"sync/atomic"
	"time"

	"golang.org/x/sys/unix"

	"github.com/ragenv/ragenv/internal/mask"
)

const (
	// quiet is how long to wait for more output before showing what is held back, as far as that is safe:
	// it may be a prompt.
	quiet = 50 * time.Millisecond
	// grace is how long to wait for output, after the command has ended, from other processes that hold the
	// stream.
	grace = 250 * time.Millisecond
)

// source is a stream that the command writes to.
type source interface {
	io.Reader
	// drained reports whether a Read has returned all that was written so far, and the next one waits for more.
	drained() bool
}

// pump copies a stream through a masker until the stream ends or, once ended is closed, until it is drained
// and no data has come for a moment. The time alone would not do: it also passes while this process is
// stopped, when nobody reads the command's last output. After a failed write it keeps reading, so that the
// command does not block, and returns that error.
func pump(from source, to *mask.Writer, ended <-chan struct{}) (failed error) {
	chunks := make(chan []byte)
	done := make(chan struct{})
	defer close(done)
	go func() {
		defer close(chunks)
		for {
			chunk := make([]byte, 32<<10)
			n, err := from.Read(chunk)
			if n > 0 {
				select {
				case chunks <- chunk[:n]:
				case <-done:
					return
				}
			}
			if err != nil { // on Linux, EIO at the end of a pty
				return
			}
		}
	}()
	note := func(err error) {
		if failed == nil {
			failed = err
		}
	}
	defer func() { note(to.Close()) }()
	var pause <-chan time.Time
	over := false
	for {
		select {
		case chunk, ok := <-chunks:
			if !ok {
				return failed
			}
			_, err := to.Write(chunk)
			note(err)
			if pause = time.After(quiet); over {
				pause = time.After(grace)
			}
		case <-pause:
			switch {
			case !over:
				pause = nil
				note(to.Flush())
			case from.drained():
				return failed
			default: // its reader has not run yet
				pause = time.After(grace)
			}
		case <-ended:
			ended, over, pause = nil, true, time.After(grace)
		}
	}
}

// output is our end of a pipe or of a pty. Only one goroutine reads it, and hands on what a Read returned
// before the next one: drained depends on both.
type output struct {
	file    *os.File
	waiting atomic.Bool // a Read has not taken anything yet
}

// Read waits for data itself, so that waiting is false before the first byte is taken.
func (o *output) Read(p []byte) (int, error) {
	o.waiting.Store(true)
	if o.poll(-1) {
		o.waiting.Store(false)
	}
	return o.file.Read(p)
}

// drained looks for data first: what is no longer there by then was taken by a Read that has reset waiting,
// and only the next Read sets it again.
func (o *output) drained() bool { return !o.poll(0) && o.waiting.Load() }

// poll waits for data or the stream's end, for some milliseconds or, with -1, without a limit. It reports
// whether there is any. On a system that cannot poll the stream, it reports false at once.
func (o *output) poll(milliseconds int) bool {
	connection, err := o.file.SyscallConn()
	if err != nil {
		return false
	}
	var fds [1]unix.PollFd
	// Polling inside of Control would keep Close waiting.
	if connection.Control(func(fd uintptr) { fds[0] = unix.PollFd{Fd: int32(fd), Events: unix.POLLIN} }) != nil {
		return false
	}
	for {
		if n, err := unix.Poll(fds[:], milliseconds); err != unix.EINTR {
			return err == nil && n > 0 && fds[0].Revents&unix.POLLNVAL == 0
		}
	}
}
