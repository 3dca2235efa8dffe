// Package result holds the results of a run of the benchmarks. They are saved as JSON and loaded to render
// the page.
package result

import (
	"encoding/json"
	"os"
	"slices"
	"time"
)

// Run is the result of one run. Every duration is in nanoseconds.
type Run struct {
	Taken    time.Time `json:"taken"`
	Machine  Machine   `json:"machine"`
	Go       string    `json:"go"`
	After    string    `json:"after"` // the version that is measured
	Rounds   int       `json:"rounds"`
	Subjects []Subject `json:"subjects"`
	Missing  []Missing `json:"missing,omitempty"`
}

// Machine describes the machine of the run.
type Machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory int64   `json:"memory"` // bytes
	Kernel string  `json:"kernel"`
	System string  `json:"system"`
	Load   float64 `json:"load"` // load average of the minute before the run
}

// The origins of a subject.
const (
	Base   = "base"   // the baseline
	After  = "after"  // this tree
	Before = "before" // the tree it is compared with
	Peer   = "peer"   // another program
)

// Hello is the ID of the subject that ratios refer to.
const Hello = "hello"

// Subject is one measured command. Samples with the same index belong to the same process.
type Subject struct {
	ID           string  `json:"id"`
	Of           string  `json:"of"`
	Title        string  `json:"title"`
	Wall         Samples `json:"wall"`
	CPU          Samples `json:"cpu"`
	PeakKiB      int64   `json:"peak_kib,omitempty"`
	PeakAtMost   bool    `json:"peak_at_most,omitempty"`
	Instructions Samples `json:"instructions,omitempty"`
}

// Missing is a subject that could not be measured, and why.
type Missing struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Samples are measurements of one kind, in the order taken.
type Samples []int64

// Median returns the middle sample, or the mean of the two middle ones. It is 0 without samples.
func (s Samples) Median() float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	middle := len(sorted) / 2
	if len(sorted)%2 == 1 {
		return float64(sorted[middle])
	}
	return float64(sorted[middle-1]+sorted[middle]) / 2
}

// Quantile returns the smallest sample that at least a part q of all samples (0 < q <= 1) does not exceed.
// It is 0 without samples.
func (s Samples) Quantile(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	rank := int(q*float64(len(sorted))+0.999999) - 1
	return float64(sorted[min(max(rank, 0), len(sorted)-1)])
}

// Find returns the subject with the ID and origin, or nil.
func (r *Run) Find(of, id string) *Subject {
	for i := range r.Subjects {
		if r.Subjects[i].Of == of && r.Subjects[i].ID == id {
			return &r.Subjects[i]
		}
	}
	return nil
}

// Ratio returns the subject's median time divided by that of hello.
func (r *Run) Ratio(s *Subject) float64 {
	hello := r.Find(Base, Hello)
	if hello == nil || hello.Wall.Median() == 0 {
		return 0
	}
	return s.Wall.Median() / hello.Wall.Median()
}

// Save writes the run to path as JSON.
func (r *Run) Save(path string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// Load reads a file that Save wrote.
func Load(path string) (*Run, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Run{}
	return r, json.Unmarshal(data, r)
}
