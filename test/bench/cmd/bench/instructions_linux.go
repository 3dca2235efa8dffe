package main

import (
	"flag"
	"fmt"
	"os"

	"github.com/ragenv/ragenv/test/bench/result"
)

// instructions compares how many instructions two builds of the helper execute for the most frequent
// answers to Docker. Unlike times, these counts hardly vary between runs, so a shared machine can judge
// them.
func instructions(arguments []string) error {
	var after, before, afterVersion, beforeVersion string
	var limit float64
	var runs int
	flags := flag.NewFlagSet("instructions", flag.ContinueOnError)
	flags.StringVar(&after, "after", "", "the directory of both programs")
	flags.StringVar(&afterVersion, "after-version", "this tree", "what they are called")
	flags.StringVar(&before, "before", "", "the directory of the programs to compare with")
	flags.StringVar(&beforeVersion, "before-version", "before", "what they are called")
	flags.Float64Var(&limit, "limit", 5, "how many per cent more are too many")
	flags.IntVar(&runs, "n", 11, "how often each is counted; the median is compared")
	if err := flags.Parse(arguments); err != nil {
		return err
	}
	if after == "" || before == "" || runs < 1 {
		return fmt.Errorf("instructions needs -after and -before")
	}
	c, err := findCounter()
	if err != nil {
		return fmt.Errorf("%w: nothing counts instructions here: %w", errSkipped, err)
	}
	dir, err := os.MkdirTemp("", "bench")
	if err != nil {
		return err
	}
	w := &world{dir: dir}
	w.atEnd(func() { _ = os.RemoveAll(dir) })
	defer w.end()

	var subjects []*subject
	for _, p := range []programs{{result.After, after}, {result.Before, before}} {
		o := &ownSubjects{world: w, programs: p}
		for _, add := range []func() error{o.get, o.missing} {
			if err := add(); err != nil {
				return fmt.Errorf("%s: %w", p.of, err)
			}
		}
		subjects = append(subjects, o.subjects...)
	}
	for _, s := range subjects {
		if err := s.verify(); err != nil {
			return err
		}
	}
	for range runs {
		for _, s := range subjects { // in turns, since load has some effect
			n, err := c.count(s.command)
			if err != nil {
				return fmt.Errorf("%s (%s): %w", s.Title, s.Of, err)
			}
			s.Instructions = append(s.Instructions, n)
		}
	}
	fmt.Printf("instructions, the median of %d runs, by %s\nbefore: %s\nafter:  %s\n\n", runs, c.name, beforeVersion, afterVersion)
	fmt.Printf("%-32s %12s %12s %8s\n", "", "before", "after", "change")
	failed := 0
	found := result.Run{}
	for _, s := range subjects {
		found.Subjects = append(found.Subjects, s.Subject)
	}
	for _, now := range found.Subjects {
		if now.Of != result.After {
			continue
		}
		was, is := found.Find(result.Before, now.ID).Instructions.Median(), now.Instructions.Median()
		change := 100 * (is/was - 1)
		verdict := ""
		if change > limit {
			verdict = "  too many"
			failed++
		}
		fmt.Printf("%-32s %12.0f %12.0f %+7.1f%%%s\n", now.Title, was, is, change, verdict)
	}
	if failed > 0 {
		return fmt.Errorf("the helper executes over %g %% more instructions than %s", limit, beforeVersion)
	}
	return nil
}
