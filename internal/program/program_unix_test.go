//go:build unix

package program

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

func TestOutput(t *testing.T) {
	out, err := Output(t.Context(), []string{"A=x"}, "/bin/sh", "-c", `echo "$A$B"; echo quiet >&2`)
	if err != nil || out != "x\n" {
		t.Errorf("%q, %v", out, err)
	}
	var exit *exec.ExitError
	if out, err := Output(t.Context(), nil, "/bin/sh", "-c", "echo before; exit 3"); !errors.As(err, &exit) || exit.ExitCode() != 3 || out != "before\n" {
		t.Errorf("%q, %v", out, err)
	}
}

// A program that is no longer wanted ends with its children, such as ssh.
func TestCanceled(t *testing.T) {
	fifo := filepath.Join(t.TempDir(), "fifo")
	if err := syscall.Mkfifo(fifo, 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	done := make(chan error, 1)
	go func() {
		_, err := Output(ctx, []string{"PATH=" + os.Getenv("PATH")}, "/bin/sh", "-c", `exec 3> "$1"; cat /dev/zero > /dev/null & wait`, "sh", fifo)
		done <- err
	}()
	held, err := os.Open(fifo) // it waits for the program
	if err != nil {
		t.Fatal(err)
	}
	defer held.Close()
	cancel()
	if err := <-done; !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want %v", err, context.Canceled)
	}
	if _, err := io.ReadAll(held); err != nil { // it ends with the last of the processes
		t.Error(err)
	}
}

func TestLimited(t *testing.T) {
	l := Limited{Max: maxOutput}
	for _, step := range []struct {
		n    int
		kept int
		cut  bool
	}{{maxOutput - 1, maxOutput - 1, false}, {1, maxOutput, false}, {0, maxOutput, false}, {2, maxOutput, true}} {
		if n, err := l.Write(make([]byte, step.n)); n != step.n || err != nil || l.kept.Len() != step.kept || l.Cut != step.cut {
			t.Errorf("%d more: %d, %v, %d kept, cut %t", step.n, n, err, l.kept.Len(), l.Cut)
		}
	}
	if maxOutput != 64<<20 {
		t.Errorf("%v, and it is %d bytes", ErrTooLarge, maxOutput)
	}
}
