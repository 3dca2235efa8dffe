package main

import (
	"fmt"
	"strings"

	"github.com/ragenv/ragenv/test/bench/process"
	"github.com/ragenv/ragenv/test/bench/result"
)

// getSizes are the numbers of items beside which one is read.
var getSizes = []int{1, 10, 100, 1000, 10_000}

// growth returns the subjects that show how get and list depend on what is stored. own are the build's others: their homes
// of the list are used again.
func (w *world) growth(p programs, own []*subject, cores int) ([]*subject, error) {
	var subjects []*subject
	add := func(verb string, items, procs int, s *subject) {
		s.Of, s.Title = p.of, fmt.Sprintf("%s of %d items", verb, items)
		if verb == "list" && items >= 1000 { // long enough to be steady sooner
			s.every = 4
		}
		s.point = &result.Point{Of: p.of, Verb: verb, Procs: procs, Items: items}
		subjects = append(subjects, s)
	}
	h, err := newStore(p, w.path(p.of, "get"))
	if err != nil {
		return nil, err
	}
	question, err := h.file("server", ngc)
	if err != nil {
		return nil, err
	}
	key := newKey()
	if _, err := h.run(key, p.ragenv(), "set", "--quiet", "NGC_API_KEY"); err != nil {
		return nil, err
	}
	stored := 1
	for _, size := range getSizes {
		if size > stored {
			var lines strings.Builder
			for ; stored < size; stored++ {
				fmt.Fprintf(&lines, "BENCH_ITEM_%d=%s\n", stored, newKey())
			}
			if _, err := h.run(lines.String(), p.ragenv(), "import", "--all", "--quiet", "-"); err != nil {
				return nil, err
			}
		}
		snapshot, err := h.copyTo(w.path(p.of, fmt.Sprintf("get-%d", size)))
		if err != nil {
			return nil, err
		}
		add("get", size, cores, &subject{
			command: snapshot.command(question, p.helper(), "get"),
			check:   func(stdout string) error { return answers(stdout, credential{ngc, ngcUser, key}) },
		})
	}
	for _, s := range own {
		var size int
		if _, err := fmt.Sscanf(s.ID, "list-%d", &size); err != nil {
			continue
		}
		for _, procs := range []int{1, cores} {
			command := s.command
			command.Env = append(append([]string{}, command.Env...), fmt.Sprintf("GOMAXPROCS=%d", procs))
			add("list", size, procs, &subject{command: command, check: s.check})
		}
	}
	return subjects, nil
}

// images is how many a Compose file of NVIDIA's RAG blueprint pulls.
const images = 14

// pulls measures the helper's runs for one Compose pull: a get for each image, one by one and all at once.
func pulls(subjects []*subject, rounds int) ([]result.Pull, error) {
	var gets []*subject
	var all []result.Pull
	for _, s := range subjects {
		if s.ID == "get" {
			gets = append(gets, s)
			all = append(all, result.Pull{Of: s.Of, Images: images})
		}
	}
	for range rounds {
		if interrupted.Load() {
			return nil, errInterrupted
		}
		for i, s := range gets {
			var one process.Sample
			for range images {
				sample, err := process.Spawn(s.command)
				if err != nil {
					return nil, err
				}
				one.Wall += sample.Wall
				one.CPU += sample.CPU
			}
			many, err := process.SpawnAll(s.command, images)
			if err == nil && many.Exit != 0 {
				err = fmt.Errorf("exit status %d of a get beside others", many.Exit)
			}
			if err != nil {
				return nil, err
			}
			p := &all[i]
			p.OneByOneWall, p.OneByOneCPU = append(p.OneByOneWall, int64(one.Wall)), append(p.OneByOneCPU, int64(one.CPU))
			p.AtOnceWall, p.AtOnceCPU = append(p.AtOnceWall, int64(many.Wall)), append(p.AtOnceCPU, int64(many.CPU))
		}
	}
	return all, nil
}
