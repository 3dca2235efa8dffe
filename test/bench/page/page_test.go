package page

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/test/bench/result"
)

// sample returns a run with round figures: hello takes 1 ms.
func sample() *result.Run {
	subject := func(of, id, title string, ms int64) result.Subject {
		return result.Subject{
			ID: id, Of: of, Title: title, Wall: result.Samples{ms * 1e6, ms * 1e6}, CPU: result.Samples{ms * 5e5}, PeakKiB: 5000,
		}
	}
	return &result.Run{
		Taken: time.Date(2026, 11, 22, 0, 0, 0, 0, time.UTC), Go: "go1.26", After: "v2.0.0", Rounds: 2,
		Machine: result.Machine{CPU: "Some CPU", Cores: 4, Memory: 8e9, Kernel: "Linux 6.0", System: "Some System"},
		Subjects: []result.Subject{
			subject(result.Base, result.Hello, "hello, world in Go", 1), subject(result.After, "get", "helper get", 2),
			subject(result.After, "unknown", "helper get, unknown host", 1), subject(result.Peer, "secretservice", "docker-credential-secretservice get", 16),
			subject(result.Peer, "pass", "docker-credential-pass get", 20),
		},
		Missing: []result.Missing{{Name: "chamber", Reason: "the proxy does not have it"}},
	}
}

func TestMarkdown(t *testing.T) {
	page, err := Markdown(sample(), "benchmarks")
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"| helper get | 2.00 | 2.00 | 2.00 | 1.00 | 5.1 |",
		"| *docker-credential-pass get* | 20.0 | 20.0 | 20.0 | 10.0 | 5.1 |",
		"- helper `get` against hello: 2.00 ×, at most 1.9 × (**missed**)",
		"- helper `get` of an unknown host against hello: 1.00 ×, at most 1.5 × (met)",
		"- docker-credential-secretservice `get` against our default `get`: 8.00 ×, at least 5 × (met)",
		"- docker-credential-pass `get` against our default `get`: 10.0 ×, at least 11 × (**missed**)",
		"- `ragenv -- true` against hello: –, at most 3 × (not measured)",
		"- chamber: the proxy does not have it",
		"](benchmarks/start.svg)", "](benchmarks/peers.svg)",
		"Some CPU, 4 cores, 8 GB",
	} {
		if !strings.Contains(page, want) {
			t.Errorf("the page lacks %q", want)
		}
	}
	if t.Failed() {
		t.Log(page)
	}
}

func TestMarkdownWithoutGaps(t *testing.T) {
	r := sample()
	r.Missing = nil
	page, err := Markdown(r, "benchmarks")
	if err != nil || strings.Contains(page, "Not measured") {
		t.Errorf("%v\n%s", err, page)
	}
}

// The charts show every measured subject by name, and the unit of the axis.
func TestWrite(t *testing.T) {
	path := filepath.Join(t.TempDir(), "speed.md")
	if err := Write(sample(), path); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(path); err != nil {
		t.Error(err)
	}
	for file, label := range map[string]string{"start.svg": "helper get, unknown host", "peers.svg": "docker-credential-pass get"} {
		svg, err := os.ReadFile(filepath.Join(filepath.Dir(path), "speed", file))
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"<svg", label, "milliseconds"} {
			if !strings.Contains(string(svg), want) {
				t.Errorf("%s lacks %q", file, want)
			}
		}
	}
}
