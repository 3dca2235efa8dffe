package main

import (
	"bytes"
	"cmp"
	"fmt"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/ragenv/ragenv/test/bench/process"
	"github.com/ragenv/ragenv/test/bench/result"
)

// initLine is a line of GODEBUG=inittrace=1 (https://pkg.go.dev/runtime#hdr-Environment_Variables).
var initLine = regexp.MustCompile(`^init (\S+) @\S+ ms, (\S+) ms clock, (\d+) bytes, (\d+) allocs$`)

// initRuns is how often a program is started for the medians.
const initRuns = 25

// traceInits returns what the packages' initialisation costs in a program.
func traceInits(c process.Command) ([]result.Init, error) {
	clocks := map[string][]float64{}
	found := map[string]result.Init{}
	for range initRuns {
		cmd := exec.Command(c.Argv[0], c.Argv[1:]...)
		cmd.Dir, cmd.Env = c.Dir, append(append([]string{}, c.Env...), "GODEBUG=inittrace=1")
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		if c.Stdin != "" {
			f, err := os.Open(c.Stdin)
			if err != nil {
				return nil, err
			}
			defer f.Close()
			cmd.Stdin = f
		}
		if err := cmd.Run(); err != nil {
			return nil, fmt.Errorf("%s with GODEBUG=inittrace=1: %w", c.Argv[0], err)
		}
		for line := range strings.Lines(stderr.String()) {
			m := initLine.FindStringSubmatch(strings.TrimSuffix(line, "\n"))
			if m == nil {
				continue
			}
			clock, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				return nil, err
			}
			clocks[m[1]] = append(clocks[m[1]], clock)
			size, _ := strconv.ParseInt(m[3], 10, 64)
			allocs, _ := strconv.ParseInt(m[4], 10, 64)
			found[m[1]] = result.Init{Package: m[1], Bytes: size, Allocs: allocs}
		}
	}
	if len(found) == 0 {
		return nil, fmt.Errorf("%s traces no initialisation", c.Argv[0])
	}
	var all []result.Init
	for name, one := range found {
		slices.Sort(clocks[name])
		one.Clock = clocks[name][len(clocks[name])/2]
		all = append(all, one)
	}
	slices.SortFunc(all, func(a, b result.Init) int {
		return cmp.Or(cmp.Compare(b.Clock, a.Clock), cmp.Compare(b.Allocs, a.Allocs), strings.Compare(a.Package, b.Package))
	})
	return all, nil
}
