package main

import (
	"flag"
	"fmt"
	"os"
	"runtime"
	"time"

	"github.com/ragenv/ragenv/test/bench/result"
)

type measureFlags struct {
	rounds                              int
	programs, version, hello, peers, to string
}

func measure(arguments []string) (err error) {
	var f measureFlags
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	flags.IntVar(&f.rounds, "n", 200, "samples of each subject")
	flags.StringVar(&f.programs, "programs", "", "the directory of both programs")
	flags.StringVar(&f.version, "version", "", "what they are called")
	flags.StringVar(&f.hello, "hello", "", "the program of ../hello")
	flags.StringVar(&f.peers, "peers", "", "what test/worlds/clients printed")
	flags.StringVar(&f.to, "json", "", "the file that gets the samples")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if f.programs == "" || f.hello == "" || f.to == "" || f.rounds < 4 {
		return fmt.Errorf("measure needs -programs, -hello, -json and an -n of 4 or more")
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	w := &world{dir: dir}
	w.atEnd(func() { _ = os.RemoveAll(dir) })
	defer w.end()
	return w.measure(f)
}

func (w *world) measure(f measureFlags) error {
	run := &result.Run{
		Taken: time.Now().UTC().Truncate(time.Second), Machine: machine(), Go: runtime.Version(), After: f.version, Rounds: f.rounds,
	}
	logf("creating homes with generated keys")
	subjects, err := w.base(f.hello)
	if err != nil {
		return err
	}
	build := programs{result.After, f.programs}
	own, err := w.own(build)
	if err != nil {
		return err
	}
	subjects = append(subjects, own...)
	if f.peers != "" {
		peers, err := readPeers(f.peers)
		if err != nil {
			return err
		}
		others, missing := w.peersOf(build, peers, subjects)
		subjects = append(subjects, others...)
		run.Missing = append(run.Missing, missing...)
	}
	if err := verifyAll(subjects); err != nil {
		return err
	}
	logf("%d subjects give the right answer; measuring %d rounds", len(subjects), f.rounds)
	if err := interleave(subjects, f.rounds, time.Second/2); err != nil {
		return err
	}
	logf("memory")
	for _, s := range subjects {
		if err := s.measurePeak(); err != nil {
			return err
		}
	}
	// Check again: if a cached unlock expired during the run, a subject would be slower without failing.
	if err := verifyAll(subjects); err != nil {
		return fmt.Errorf("after the measurements: %w", err)
	}
	for _, s := range subjects {
		run.Subjects = append(run.Subjects, s.Subject)
	}
	return run.Save(f.to)
}

func verifyAll(subjects []*subject) error {
	for _, s := range subjects {
		if err := s.verify(); err != nil {
			return err
		}
	}
	return nil
}
