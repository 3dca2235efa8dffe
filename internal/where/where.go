// Package where finds what holds a value of a stored key, either the current value or one from before a
// rotation. Its subpackages search containers, running processes and Kubernetes. Package places covers
// files.
package where

import (
	"cmp"
	"slices"
	"strings"
)

// State is which value of a key a holder has.
type State string

const (
	Old     State = "old"     // a value that was replaced or removed
	Current State = "current" // the stored value
)

// The kinds of holders. They are part of `where --json`.
const (
	KindContainer    = "container"
	KindService      = "service" // of a Docker Swarm
	KindPodmanSecret = "podman-secret"
	KindFile         = "file"
	KindShell        = "shell" // the one that started ragenv
	KindProcess      = "process"
	KindSecret       = "kubernetes-secret"
	KindPod          = "pod"
	KindHelmRelease  = "helm-release"
)

// Holder is a place that holds values of keys. Its JSON members are an interface: new ones may be added,
// but none removed.
type Holder struct {
	State   State    `json:"state"`          // Old if any of the values is old
	Keys    []string `json:"keys"`           // names of the keys, sorted
	Kind    string   `json:"kind"`           // one of the Kind constants
	Name    string   `json:"name"`           // of the container, file, process or object
	Where   []string `json:"where"`          // where in it: variables, "command line", "label NAME", "/run/secrets/NAME", "line 3"
	Engine  string   `json:"engine"`         // "docker" or "podman"; empty if it is not a container
	Project string   `json:"project"`        // Compose's, or the namespace of a Kubernetes object
	Service string   `json:"service"`        // Compose's
	Status  string   `json:"status"`         // of a container, such as "running" or "exited"
	PID     int      `json:"pid,omitempty"`  // of a process
	Path    string   `json:"path,omitempty"` // of a file
	Line    int      `json:"line,omitempty"` // in it
	Fix     string   `json:"fix"`            // a command or a sentence; empty if there is nothing to do

	Restart *Restart `json:"-"`
}

// Restart is the command that gives the services of a Compose project the stored keys.
type Restart struct {
	Dir      string   // the project's directory
	Project  string   // its name
	Files    []string // its Compose files
	EnvFiles []string // its --env-file
	Services []string // the services to recreate
	Force    bool     // recreate them even if Compose sees no change
}

// Unread is something that could not be searched.
type Unread struct {
	What   string `json:"what"`   // "podman", "the Docker engine", a file
	Reason string `json:"reason"` // lower case, no full stop
}

// Report is the result of a search.
type Report struct {
	Holders  []Holder `json:"holders"`  // never nil; old values first
	Searched []string `json:"searched"` // never nil
	Unread   []Unread `json:"unread"`   // never nil
}

// Add adds the result of another search.
func (r *Report) Add(other Report) {
	r.Holders = append(r.Holders, other.Holders...)
	r.Searched = append(r.Searched, other.Searched...)
	r.Unread = append(r.Unread, other.Unread...)
}

// Sort puts holders of old values first, then sorts by kind, project and name.
func (r *Report) Sort() {
	rank := map[string]int{KindContainer: 0, KindService: 1, KindPodmanSecret: 1, KindFile: 2, KindShell: 3, KindProcess: 4, KindSecret: 5, KindHelmRelease: 6, KindPod: 7}
	current := map[State]int{Current: 1}
	slices.SortStableFunc(r.Holders, func(a, b Holder) int {
		return cmp.Or(
			cmp.Compare(current[a.State], current[b.State]), cmp.Compare(rank[a.Kind], rank[b.Kind]),
			cmp.Compare(a.Project, b.Project), cmp.Compare(a.Name, b.Name), cmp.Compare(a.Line, b.Line),
		)
	})
}

// Found collects the values in one holder.
type Found struct {
	old         bool
	keys, where []string
}

// Note adds the matches in one part of a holder, such as a variable, if there are any.
func (f *Found) Note(part string, matches []Match) {
	if len(matches) == 0 {
		return
	}
	f.where = appendNew(f.where, part)
	for _, m := range matches {
		f.old = f.old || m.State == Old
		f.keys = appendNew(f.keys, m.Name)
	}
}

// Empty reports whether nothing was noted.
func (f *Found) Empty() bool { return len(f.keys) == 0 }

// Holder returns the collected matches as a holder with this kind and name.
func (f *Found) Holder(kind, name string) Holder {
	slices.Sort(f.keys)
	h := Holder{State: Current, Keys: f.keys, Kind: kind, Name: name, Where: f.where}
	if f.old {
		h.State = Old
	}
	return h
}

func appendNew(list []string, text string) []string {
	if slices.Contains(list, text) {
		return list
	}
	return append(list, text)
}

// Title returns the holder's kind and name, for the user.
func (h Holder) Title() string {
	title := h.Kind + " " + h.Name
	switch {
	case h.Kind == KindShell:
		title = "this shell"
	case h.Kind == KindFile:
		title = h.Path
	case h.Service != "":
		title += " (compose " + h.Project + ")"
	case h.Project != "":
		title += " (" + h.Project + ")"
	}
	if h.Engine == "podman" && h.Kind == KindContainer {
		title = "podman " + title
	}
	if h.Status != "" && h.Status != "running" {
		title += ", " + h.Status
	}
	return strings.TrimSpace(title)
}

// Old returns the holders of old values.
func (r *Report) Old() []Holder {
	var old []Holder
	for _, h := range r.Holders {
		if h.State == Old {
			old = append(old, h)
		}
	}
	return old
}
