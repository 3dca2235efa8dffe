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
	rounds                                      int
	after, afterVersion, before, beforeVersion  string
	hello, peers, symbols, symbolsBefore, saved string
	growth                                      bool
}

func measure(arguments []string) (err error) {
	var f measureFlags
	flags := flag.NewFlagSet("measure", flag.ContinueOnError)
	flags.IntVar(&f.rounds, "n", 200, "samples of each subject")
	flags.StringVar(&f.after, "after", "", "the directory of both programs")
	flags.StringVar(&f.afterVersion, "after-version", "", "what they are called")
	flags.StringVar(&f.before, "before", "", "the directory of the programs to compare with")
	flags.StringVar(&f.beforeVersion, "before-version", "", "what they are called")
	flags.StringVar(&f.hello, "hello", "", "the program of ../hello")
	flags.StringVar(&f.peers, "peers", "", "what test/worlds/clients printed")
	flags.StringVar(&f.symbols, "symbols", "", "a directory with the helper, not stripped, for profiles")
	flags.StringVar(&f.symbolsBefore, "symbols-before", "", "likewise of the programs to compare with")
	flags.StringVar(&f.saved, "json", "", "the file that gets the samples")
	flags.BoolVar(&f.growth, "growth", true, "also with up to 10,000 items stored")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if f.after == "" || f.hello == "" || f.saved == "" || f.rounds < 4 {
		return fmt.Errorf("measure needs -after, -hello, -json and an -n of 4 or more")
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
		Taken: time.Now().UTC().Truncate(time.Second), Machine: machine(), Go: runtime.Version(),
		After: f.afterVersion, Before: f.beforeVersion, Rounds: f.rounds,
	}
	builds := []programs{{result.After, f.after}}
	if f.before != "" {
		builds = append(builds, programs{result.Before, f.before})
	}

	logf("making homes with generated keys")
	subjects, err := w.base(f.hello)
	if err != nil {
		return err
	}
	var points []*subject
	for _, p := range builds {
		own, err := w.own(p)
		if err != nil {
			return err
		}
		subjects = append(subjects, own...)
		if f.growth {
			more, err := w.growth(p, own, run.Machine.Cores)
			if err != nil {
				return err
			}
			points = append(points, more...)
		}
	}
	if f.peers != "" {
		peers, err := readPeers(f.peers)
		if err != nil {
			return err
		}
		others, missing := w.peersOf(builds[0], peers, subjects)
		subjects = append(subjects, others...)
		run.Missing = append(run.Missing, missing...)
	}

	all := append(append([]*subject{}, subjects...), points...)
	for _, s := range all {
		if err := s.verify(); err != nil {
			return err
		}
	}
	logf("%d subjects give the right answer; measuring %d rounds", len(all), f.rounds)
	if err := interleave(all, f.rounds, time.Second/2); err != nil {
		return err
	}
	if f.growth {
		if run.Pulls, err = pulls(subjects, max(10, f.rounds/5)); err != nil {
			return err
		}
	}

	logf("memory and instructions")
	for _, s := range subjects {
		if err := s.measurePeak(); err != nil {
			return err
		}
	}
	if err := countAll(run, subjects); err != nil {
		return err
	}
	if err := explain(run, builds, subjects, map[string]string{result.After: f.symbols, result.Before: f.symbolsBefore}); err != nil {
		return err
	}

	// Again: a kernel cache that was lost meanwhile would be a slower subject, not a failed one.
	for _, s := range all {
		if err := s.verify(); err != nil {
			return fmt.Errorf("after the measurements: %w", err)
		}
	}
	for _, s := range subjects {
		run.Subjects = append(run.Subjects, s.Subject)
	}
	for _, s := range points {
		s.point.Wall, s.point.CPU = s.Wall, s.CPU
		run.Growth = append(run.Growth, *s.point)
	}
	return run.Save(f.saved)
}

// countRuns of each subject: the scheduler and the garbage collector do not take the same way each time.
const countRuns = 5

func countAll(run *result.Run, subjects []*subject) error {
	c, err := findCounter()
	if err != nil {
		run.Missing = append(run.Missing, result.Missing{Name: "instructions", Reason: err.Error()})
		return nil
	}
	run.Counter = c.name
	for _, s := range subjects {
		// What replaces it, or what it waits for, would not be counted; and the slow ones take minutes.
		if s.execs || s.every > 1 || s.Of == result.Peer {
			continue
		}
		for i := range countRuns {
			command := s.command
			if len(s.stdin) > 0 {
				command.Stdin = s.stdin[i%len(s.stdin)]
			}
			n, err := c.count(command)
			if err != nil {
				return fmt.Errorf("%s: %w", s.Title, err)
			}
			s.Instructions = append(s.Instructions, n)
		}
	}
	return nil
}

// explain records where the time of the builds' get goes.
func explain(run *result.Run, builds []programs, subjects []*subject, symbols map[string]string) error {
	for _, s := range subjects {
		for _, p := range builds {
			if s.Of != p.of || s.ID != "get" && s.ID != "ragenv-true" {
				continue
			}
			inits, err := traceInits(s.command)
			if err != nil {
				return err
			}
			run.Inits = append(run.Inits, result.Inits{Of: p.of, Program: s.Title, Packages: inits})
			if s.ID != "get" || symbols[p.of] == "" {
				continue
			}
			command := s.command
			command.Argv = append([]string{programs{bin: symbols[p.of]}.helper()}, command.Argv[1:]...)
			profile, err := profile(command)
			if err != nil {
				run.Missing = append(run.Missing, result.Missing{Name: "profile", Reason: err.Error()})
				continue
			}
			out := result.Profile{Of: p.of, Subject: s.Title, Total: profile.Total}
			for _, f := range profile.Packages() {
				out.Packages = append(out.Packages, result.Cost{Name: f.Name, Instructions: f.Self})
			}
			for _, f := range profile.Funcs[:min(40, len(profile.Funcs))] {
				out.Funcs = append(out.Funcs, result.Cost{Name: f.Name, Instructions: f.Self})
			}
			run.Profiles = append(run.Profiles, out)
		}
	}
	return nil
}
