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
	After    string    `json:"after"`            // the version measured
	Before   string    `json:"before,omitempty"` // the version it is compared with
	Rounds   int       `json:"rounds"`
	Counter  string    `json:"counter,omitempty"` // what counted the instructions
	Subjects []Subject `json:"subjects"`
	Growth   []Point   `json:"growth,omitempty"`
	Pulls    []Pull    `json:"pulls,omitempty"`
	Inits    []Inits   `json:"inits,omitempty"`
	Profiles []Profile `json:"profiles,omitempty"`
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
	Faults       Samples `json:"faults"`
	PeakKiB      int64   `json:"peak_kib,omitempty"`
	PeakAtMost   bool    `json:"peak_at_most,omitempty"`
	Instructions Samples `json:"instructions,omitempty"`
}

// Point is a subject at one size of the keychain.
type Point struct {
	Of    string  `json:"of"`
	Verb  string  `json:"verb"` // get or list
	Procs int     `json:"procs"`
	Items int     `json:"items"`
	Wall  Samples `json:"wall"`
	CPU   Samples `json:"cpu"`
}

// Pull is what the helper's runs for one Compose pull cost.
type Pull struct {
	Of           string  `json:"of"`
	Images       int     `json:"images"`
	OneByOneWall Samples `json:"one_by_one_wall"`
	OneByOneCPU  Samples `json:"one_by_one_cpu"`
	AtOnceWall   Samples `json:"at_once_wall"`
	AtOnceCPU    Samples `json:"at_once_cpu"`
}

// Inits is what the initialisation of the packages linked into a program takes, which is done before main is called.
type Inits struct {
	Of       string `json:"of"`
	Program  string `json:"program"`
	Packages []Init `json:"packages"` // slowest first
}

// Init is one package's.
type Init struct {
	Package string  `json:"package"`
	Clock   float64 `json:"clock_ms"` // the median
	Bytes   int64   `json:"bytes"`
	Allocs  int64   `json:"allocs"`
}

// Profile is where the instructions of a subject are spent.
type Profile struct {
	Of       string `json:"of"`
	Subject  string `json:"subject"`
	Total    int64  `json:"total"`
	Packages []Cost `json:"packages"` // most first
	Funcs    []Cost `json:"funcs"`
}

// Cost is the instructions of a package's or a function's own code.
type Cost struct {
	Name         string `json:"name"`
	Instructions int64  `json:"instructions"`
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

// Ratio tells how many times as long as hello a subject takes, by their medians.
func (r *Run) Ratio(s *Subject) float64 { return r.ratio(s, Samples.Median) }

// QuietRatio is Ratio by the tenth of the runs that went fastest, which nothing else on the machine delayed.
func (r *Run) QuietRatio(s *Subject) float64 {
	return r.ratio(s, func(s Samples) float64 { return s.Quantile(0.1) })
}

func (r *Run) ratio(s *Subject, of func(Samples) float64) float64 {
	hello := r.Find(Base, Hello)
	if hello == nil || of(hello.Wall) == 0 {
		return 0
	}
	return of(s.Wall) / of(hello.Wall)
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
