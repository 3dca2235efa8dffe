package page

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/bench/result"
)

// sample is a run with round figures: hello takes 1 ms.
func sample() *result.Run {
	subject := func(of, id, title string, ms int64) result.Subject {
		return result.Subject{
			ID: id, Of: of, Title: title, Wall: result.Samples{ms * 1e6, ms * 1e6}, CPU: result.Samples{ms * 5e5}, Faults: result.Samples{100},
			PeakKiB: 5000, Instructions: result.Samples{ms * 1e6},
		}
	}
	r := &result.Run{
		Taken: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Go: "go1.26", After: "v2.0.0", Before: "v1.0.0", Rounds: 2,
		Machine: result.Machine{CPU: "Some CPU", Cores: 4, Memory: 8e9, Kernel: "Linux 6.0", System: "Some System"},
		Subjects: []result.Subject{
			subject(result.Base, result.Hello, "hello, world in Go", 1), subject(result.After, "get", "helper get, plain identity", 2),
			subject(result.Before, "get", "helper get, plain identity", 4), subject(result.Peer, "secretservice", "docker-credential-secretservice get", 16),
			subject(result.Peer, "pass", "docker-credential-pass get", 20),
		},
		Pulls:   []result.Pull{{Of: result.After, Images: 14, AtOnceCPU: result.Samples{7e6}, OneByOneCPU: result.Samples{14e6}}},
		Missing: []result.Missing{{Name: "chamber", Reason: "nobody has it"}},
	}
	for _, of := range []string{result.After, result.Before} {
		for _, verb := range []string{"get", "list"} {
			for _, items := range []int{1, 100, 10_000} {
				r.Growth = append(r.Growth, result.Point{Of: of, Verb: verb, Procs: 4, Items: items, Wall: result.Samples{int64(items) * 1e6}})
			}
		}
	}
	r.Inits = []result.Inits{{Of: result.After, Program: "helper get", Packages: []result.Init{{Package: "a/b", Clock: 0.25, Allocs: 3}}}}
	r.Profiles = []result.Profile{{Of: result.After, Subject: "helper get", Total: 200, Packages: []result.Cost{{Name: "runtime", Instructions: 150}}}}
	return r
}

func TestPage(t *testing.T) {
	page, err := Markdown(sample(), "benchmarks", "scripts/bench --docs")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| helper get, plain identity | 2.00 | 2.00 | 2.00 | 2.00 | 2.00 | 1.00 | 5.1 | 100 | 2.00 |",
		"| *docker-credential-pass get* | 20.0 | 20.0 | 20.0 | 20 | 20 |",
		"| helper get, plain identity | ≤ 1.3 × hello | 4.00 (4.00) | 2.00 (2.00) | **no** |",
		"against docker-credential-secretservice get | ≥ 7 × faster | 4.00 (4.00) | 8.00 (8.00) | yes |",
		"against docker-credential-pass get | ≥ 18 × faster | 5.00 (5.00) | 10.00 (10.00) | **no** |",
		"| max RSS of the helper's get and store | ≤ 8 MB | 5.12 | 5.12 | yes |",
		"| CPU of 14 gets at once | ≤ 14 × one get | – | 7.00 | yes |",
		"| ragenv -- true | ≤ 1.6 × hello | – | – | not measured |",
		"| helper get, plain identity | 4.00 | 2.00 | -50 % |",
		"| list, 4 cores, before | 1.00 (1.00) | 100 (100) | 10000 (10000) |",
		"| 14 gets | 14.0 | 14.0 | 7.00 |",
		"| a/b | 0.250 | 0 | 3 |",
		"| runtime | 0.000 | 75.0 % |",
		"decrypted, and answered | +1.00 | +1.00 | +0.50 | +0 | +1.00 |",
		"- chamber: nobody has it",
		"](benchmarks/list.svg)",
		"before: v1.0.0", "Some CPU, 4 cores, 8 GB",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	columns := 0
	for number, line := range strings.Split(page, "\n") {
		switch {
		case !strings.HasPrefix(line, "|"):
			columns = 0
		case columns == 0:
			columns = strings.Count(line, "|")
		case strings.Count(line, "|") != columns:
			t.Errorf("line %d has another number of columns than its table: %s", number+1, line)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}

// A ratio that only the median reaches is not called reached.
func TestVerdict(t *testing.T) {
	hello := result.Subject{ID: result.Hello, Of: result.Base, Wall: result.Samples{100, 300, 300, 300}}
	for want, wall := range map[string]result.Samples{
		"yes":                {100, 310, 310, 310},
		"by the median only": {200, 310, 310, 310},
		"**no**":             {100, 900, 900, 900},
		"not measured":       nil,
	} {
		r := &result.Run{Subjects: []result.Subject{hello, {ID: "get", Of: result.After, Wall: wall}}}
		if got := ratioGoal("get", 1.3, "get").verdict(r); got != want {
			t.Errorf("%v: %s, want %s", wall, got, want)
		}
	}
}

// What was not measured leaves no empty sections.
func TestPageOfLittle(t *testing.T) {
	r := sample()
	r.Before, r.Growth, r.Pulls, r.Inits, r.Profiles, r.Missing = "", nil, nil, nil, nil, nil
	page, err := Markdown(r, "benchmarks", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, unwanted := range []string{"## Growth", "## Before", "## Where", "Not measured", "get.svg"} {
		if strings.Contains(page, unwanted) {
			t.Errorf("the page has %q", unwanted)
		}
	}
}

// Every chart that is written is on the page, and the other way round.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "speed.md")
	if err := Write(sample(), path, ""); err != nil {
		t.Fatal(err)
	}
	page, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	linked := regexp.MustCompile(`\]\((speed/[a-z]+\.svg)\)`).FindAllSubmatch(page, -1)
	written, err := filepath.Glob(filepath.Join(filepath.Dir(path), "speed", "*.svg"))
	if err != nil || len(written) != len(linked) || len(written) != 4 {
		t.Errorf("%d charts are written, %d linked", len(written), len(linked))
	}
	for _, link := range linked {
		svg, err := os.ReadFile(filepath.Join(filepath.Dir(path), string(link[1])))
		if err != nil || !strings.HasPrefix(string(svg), "<svg") || strings.Contains(string(svg), "NaN") {
			t.Errorf("%s: %v", link[1], err)
		}
	}
}
