package main

import (
	"fmt"
	"math/rand/v2"
	"os"
	"runtime"
	"runtime/debug"
	"time"

	"github.com/ragenv/ragenv/test/bench/process"
	"github.com/ragenv/ragenv/test/bench/result"
)

// subject is a command to measure.
type subject struct {
	result.Subject
	command process.Command
	stdin   []string // files that are used in turn as standard input, instead of the command's
	exit    int      // the expected exit code
	check   func(stdout string) error
	prove   func() error // runs after check, to check what the output does not show
	execs   bool         // it is replaced by another program, or waits for others
}

// verify runs the subject once and returns an error if it behaves wrongly.
func (s *subject) verify() error {
	if interrupted.Load() {
		return errInterrupted
	}
	command := s.command
	if len(s.stdin) > 0 {
		command.Stdin = s.stdin[0]
	}
	out, code, err := output(command, nil)
	switch {
	case err != nil:
	case code != s.exit:
		err = fmt.Errorf("exit status %d, want %d", code, s.exit)
	case s.check != nil:
		err = s.check(out)
	}
	if err == nil && s.prove != nil {
		err = s.prove()
	}
	if err != nil {
		return fmt.Errorf("%s (%s): %w", s.Title, s.Of, err)
	}
	return nil
}

// interleave runs all subjects in rounds, each in a different order, so that other load affects all of them
// alike. The orders are the same in every run. It waits for quiet moments, for at most patience per round.
func interleave(subjects []*subject, rounds int, patience time.Duration) error {
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	order := make([]*subject, len(subjects))
	copy(order, subjects)
	shuffle := rand.New(rand.NewPCG(1, 2))
	const warmup = 3
	for round := -warmup; round < rounds; round++ {
		left := patience
		shuffle.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		for _, s := range order {
			if interrupted.Load() {
				return errInterrupted
			}
			command := s.command
			if len(s.stdin) > 0 {
				command.Stdin = s.stdin[(round+warmup)%len(s.stdin)]
			}
			left -= awaitQuiet(left)
			sample, err := process.Spawn(command)
			if err == nil && sample.Exit != s.exit {
				err = fmt.Errorf("exit status %d, want %d", sample.Exit, s.exit)
			}
			if err != nil {
				return fmt.Errorf("%s (%s), round %d: %w", s.Title, s.Of, round, err)
			}
			if round >= 0 {
				s.Wall = append(s.Wall, int64(sample.Wall))
				s.CPU = append(s.CPU, int64(sample.CPU))
			}
		}
		if done := round + 1; done > 0 && done%50 == 0 {
			logf("round %d of %d", done, rounds)
		}
	}
	return nil
}

// awaitQuiet waits until at most half of the cores are busy, for at most patience. It returns how long it
// waited.
func awaitQuiet(patience time.Duration) time.Duration {
	began := time.Now()
	for time.Since(began) < patience {
		text, err := os.ReadFile("/proc/loadavg")
		if err != nil {
			break
		}
		// The fourth field is RUNNABLE/ALL at this moment (proc_loadavg(5)). This thread is one of the
		// runnable ones.
		var runnable int
		if _, err := fmt.Sscanf(string(text), "%f %f %f %d/", new(float64), new(float64), new(float64), &runnable); err != nil || runnable-1 <= runtime.NumCPU()/2 {
			break
		}
		time.Sleep(500 * time.Microsecond)
	}
	return time.Since(began)
}
