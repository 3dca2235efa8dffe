package main

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"

	"github.com/ragenv/ragenv/test/bench/process"
)

// counter counts the instructions that a command executes in user mode. It sets GOMAXPROCS=1: with more,
// Go's scheduler searches for work in vain, which varies by a tenth between two runs.
type counter struct {
	name  string
	count func(process.Command) (int64, error)
}

// findCounter returns the best counter available: the processor's own if the machine allows reading it,
// otherwise valgrind, which interprets the program and is as exact, but slow. The error says why there is
// none.
func findCounter() (*counter, error) {
	var reasons []string
	for _, c := range []*counter{{"perf stat", perf}, {"valgrind --tool=callgrind", valgrind}} {
		n, err := c.count(process.Command{Argv: []string{"/usr/bin/true"}, Env: os.Environ()})
		if err == nil && n < 10_000 {
			err = errors.New("it counts nothing")
		}
		if err == nil {
			return c, nil
		}
		reasons = append(reasons, fmt.Sprintf("%s: %v", c.name, err))
	}
	return nil, errors.New(strings.Join(reasons, "; "))
}

// under runs a command through a tool. It returns the contents of the file whose path replaces @ in the
// tool's arguments.
func under(c process.Command, tool ...string) ([]byte, error) {
	if interrupted.Load() {
		return nil, errInterrupted
	}
	path, err := exec.LookPath(tool[0])
	if err != nil {
		return nil, fmt.Errorf("%s is not installed", tool[0])
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(dir)
	file := filepath.Join(dir, "out")
	argv := []string{path}
	for _, argument := range tool[1:] {
		argv = append(argv, strings.ReplaceAll(argument, "@", file))
	}
	c.Argv = append(argv, c.Argv...)
	c.Env = append(append([]string{}, c.Env...), "GOMAXPROCS=1")
	if _, _, err := output(c, nil); err != nil { // the subject checks the command's exit code
		return nil, err
	}
	return os.ReadFile(file)
}

func perf(c process.Command) (int64, error) {
	text, err := under(c, "perf", "stat", "-x,", "-e", "instructions:u", "-o", "@", "--")
	if err != nil {
		return 0, err
	}
	for line := range bytes.Lines(text) {
		if value, rest, _ := strings.Cut(string(line), ","); strings.Contains(rest, "instructions") {
			n, err := strconv.ParseInt(value, 10, 64)
			if err != nil {
				return 0, fmt.Errorf("instructions are %s on this machine", strings.Trim(value, "<>"))
			}
			return n, nil
		}
	}
	return 0, errors.New("it says nothing of instructions")
}

// callgrindTotal matches the line with the total in a callgrind profile (Callgrind Format Specification,
// "summary:").
var callgrindTotal = regexp.MustCompile(`(?m)^(?:summary|totals): (\d+)`)

// valgrind runs a command under callgrind. Go's preemption by signals is off, since such a signal
// occasionally fails an assertion in callgrind 3.19 (vgCallgrind_post_signal).
func valgrind(c process.Command) (int64, error) {
	c.Env = append(append([]string{}, c.Env...), "GODEBUG=asyncpreemptoff=1")
	text, err := under(c, "valgrind", "--tool=callgrind", "--quiet", "--callgrind-out-file=@")
	if err != nil {
		return 0, err
	}
	m := callgrindTotal.FindSubmatch(text)
	if m == nil {
		return 0, errors.New("the profile has no summary")
	}
	return strconv.ParseInt(string(m[1]), 10, 64)
}
