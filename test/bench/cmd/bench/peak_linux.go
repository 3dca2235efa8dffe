package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"slices"

	"github.com/ragenv/ragenv/test/bench/process"
)

// peakVerb is the verb with which this program starts itself to measure memory: a small process hides less
// (process.MaxRSS).
const peakVerb = "peak"

type peakQuestion struct {
	Command process.Command
	Stdin   []string
	Execs   bool
}

type peakAnswer struct {
	Peaks []process.Peak
	Error string
}

// peakRuns is odd, so that one run is the median.
const peakRuns = 5

func servePeak([]string) error {
	var q peakQuestion
	if err := json.NewDecoder(os.Stdin).Decode(&q); err != nil {
		return err
	}
	var a peakAnswer
	for i := range peakRuns {
		command := q.Command
		if len(q.Stdin) > 0 {
			command.Stdin = q.Stdin[i%len(q.Stdin)]
		}
		peak, err := process.MaxRSS(command, q.Execs)
		if err != nil {
			a.Error = err.Error()
			break
		}
		a.Peaks = append(a.Peaks, peak)
	}
	return json.NewEncoder(os.Stdout).Encode(a)
}

// measurePeak sets the subject's peak memory to the median of peakRuns runs.
func (s *subject) measurePeak() error {
	self, err := os.Executable()
	if err != nil {
		return err
	}
	in, out, err := os.Pipe()
	if err != nil {
		return err
	}
	defer in.Close()
	if err := json.NewEncoder(out).Encode(peakQuestion{s.command, s.stdin, s.execs}); err != nil {
		return err
	}
	_ = out.Close()
	cmd := exec.Command(self, peakVerb)
	cmd.Stdin, cmd.Stderr = in, os.Stderr
	text, err := cmd.Output()
	if err != nil {
		return err
	}
	var a peakAnswer
	if err := json.Unmarshal(text, &a); err != nil {
		return err
	}
	if a.Error != "" || len(a.Peaks) == 0 {
		logf("no peak of memory of %s: %s", s.Title, a.Error)
		return nil
	}
	slices.SortFunc(a.Peaks, func(a, b process.Peak) int { return int(a.KiB - b.KiB) })
	middle := a.Peaks[len(a.Peaks)/2]
	s.PeakKiB, s.PeakAtMost = middle.KiB, middle.Bound
	return nil
}
