// Package result is what a run of the benchmarks found: written as JSON, and read again to be shown.
package result

import (
	"encoding/json"
	"os"
	"slices"
	"time"
)

// Run is everything of one run. Every duration is in nanoseconds.
type Run struct {
	Taken    time.Time `json:"taken"`
	Machine  Machine   `json:"machine"`
	Go       string    `json:"go"`
	After    string    `json:"after"` // the version measured
	Rounds   int       `json:"rounds"`
	Subjects []Subject `json:"subjects"`
	Missing  []Missing `json:"missing,omitempty"`
}

// Machine is where it ran.
type Machine struct {
	CPU    string  `json:"cpu"`
	Cores  int     `json:"cores"`
	Memory int64   `json:"memory"` // bytes
	Kernel string  `json:"kernel"`
	System string  `json:"system"`
	Load   float64 `json:"load"` // of the minute before the run
}

// Whose a subject is.
const (
	Base   = "base"   // what the others are compared with
	After  = "after"  // this tree
	Before = "before" // the tree it is compared with
	Peer   = "peer"   // other programs
)

// Hello is the ID of the subject that the ratios refer to.
const Hello = "hello"

// Subject is one thing measured; a sample of each of its slices belongs to one process.
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

// Missing is what could not be measured, and why.
type Missing struct {
	Name   string `json:"name"`
	Reason string `json:"reason"`
}

// Samples are measurements of one kind, in the order they were taken.
type Samples []int64

// Median returns the middle one, or the mean of the two in the middle; of none it is 0.
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

// Quantile returns the smallest sample that at least a part q of them (0 < q <= 1) does not exceed; of none it is 0.
func (s Samples) Quantile(q float64) float64 {
	if len(s) == 0 {
		return 0
	}
	sorted := slices.Sorted(slices.Values(s))
	rank := int(q*float64(len(sorted))+0.999999) - 1
	return float64(sorted[min(max(rank, 0), len(sorted)-1)])
}

// Find returns the subject of that ID and origin, or nil.
func (r *Run) Find(of, id string) *Subject {
	for i := range r.Subjects {
		if r.Subjects[i].Of == of && r.Subjects[i].ID == id {
			return &r.Subjects[i]
		}
	}
	return nil
}

// Ratio returns how many times as long as hello a subject takes, by their medians.
func (r *Run) Ratio(s *Subject) float64 {
	hello := r.Find(Base, Hello)
	if hello == nil || hello.Wall.Median() == 0 {
		return 0
	}
	return s.Wall.Median() / hello.Wall.Median()
}

// Save writes a run.
func (r *Run) Save(path string) error {
	data, err := json.Marshal(r)
	if err != nil {
		return err
	}
	return os.WriteFile(path, append(data, '\n'), 0o644)
}

// Load reads what Save wrote.
func Load(path string) (*Run, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	r := &Run{}
	return r, json.Unmarshal(data, r)
}
