// Package program runs other programs without a terminal for questions, and ends what they started.
package program

import (
	"bytes"
	"context"
	"errors"
	"os/exec"
	"time"
)

// The limits of Output.
const (
	limit     = 20 * time.Second
	maxOutput = 64 << 20 // bytes
)

// ErrTooLarge means that the output is larger than 64 MiB.
var ErrTooLarge = errors.New("larger than 64 MiB")

// Command returns a program to run in environ. Once ctx is done, it is killed with its children, such as ssh.
func Command(ctx context.Context, environ []string, path string, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, path, args...)
	cmd.Env = environ
	cmd.WaitDelay = time.Second // for a grandchild that keeps a pipe open
	Detach(cmd)
	cmd.Cancel = func() error { return Kill(cmd) }
	return cmd
}

// Output runs docker, podman or kubectl and returns its standard output. Errors: ErrTooLarge, the error of ctx, and those
// of os/exec.
func Output(ctx context.Context, environ []string, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, limit)
	defer cancel()
	cmd := Command(ctx, environ, path, args...)
	out := Limited{Max: maxOutput}
	cmd.Stdout = &out
	err := cmd.Run()
	switch {
	case ctx.Err() != nil:
		err = ctx.Err()
	case out.Cut:
		err = ErrTooLarge
	}
	return out.String(), err
}

// Limited keeps the first Max bytes that are written to it. It does not embed bytes.Buffer, whose ReadFrom would
// bypass Write.
type Limited struct {
	Max  int
	Cut  bool // there were more
	kept bytes.Buffer
}

// Write takes all of p and does not fail, so that the program goes on.
func (l *Limited) Write(p []byte) (int, error) {
	room := max(0, l.Max-l.kept.Len())
	l.Cut = l.Cut || len(p) > room
	l.kept.Write(p[:min(len(p), room)])
	return len(p), nil
}

func (l *Limited) String() string { return l.kept.String() }
