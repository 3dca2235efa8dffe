package where

import (
	"slices"
	"strings"
	"testing"
)

// Old values come first, then kind, project, name and line decide. Equal holders keep their order.
func TestSort(t *testing.T) {
	want := []Holder{
		{State: Old, Kind: KindContainer, Project: "a", Name: "z"},
		{State: Old, Kind: KindContainer, Project: "b", Name: "a"},
		{State: Old, Kind: KindService, Name: "a"},
		{State: Old, Kind: KindFile, Name: "f", Line: 2},
		{State: Old, Kind: KindFile, Name: "f", Line: 10, Path: "first"},
		{State: Old, Kind: KindFile, Name: "f", Line: 10, Path: "second"},
		{State: Old, Kind: KindFile, Name: "g", Line: 1},
		{State: Old, Kind: KindShell},
		{State: Old, Kind: KindProcess},
		{State: Old, Kind: KindSecret},
		{State: Old, Kind: KindHelmRelease},
		{State: Old, Kind: KindPod},
		{State: Current, Kind: KindContainer, Project: "a", Name: "a"},
		{State: Current, Kind: KindPodmanSecret, Name: "a"},
	}
	title := func(holders []Holder) (titles []string) {
		for _, h := range holders {
			titles = append(titles, strings.Join([]string{string(h.State), h.Kind, h.Project, h.Name, h.Path, strings.Repeat("i", h.Line)}, " "))
		}
		return titles
	}
	for i := range want {
		if want[i].Path == "second" {
			continue // it would come before the first
		}
		report := Report{Holders: slices.Concat(want[i:], want[:i])}
		report.Sort()
		if !slices.Equal(title(report.Holders), title(want)) {
			t.Fatalf("%q", title(report.Holders))
		}
	}
}

// A report of two searches has the results of both.
func TestAdd(t *testing.T) {
	report := Report{Holders: []Holder{{Name: "a", State: Old}}, Searched: []string{"a"}, Unread: []Unread{{What: "a"}}}
	report.Add(Report{Holders: []Holder{{Name: "b", State: Current}, {Name: "c", State: Old}}, Searched: []string{"b"}, Unread: []Unread{{What: "b"}}})
	if len(report.Holders) != 3 || !slices.Equal(report.Searched, []string{"a", "b"}) || len(report.Unread) != 2 {
		t.Errorf("%+v", report)
	}
	if old := report.Old(); len(old) != 2 || old[0].Name != "a" || old[1].Name != "c" {
		t.Errorf("old: %+v", old)
	}
}

// A holder is old if any of its values is, and lists each key and each part once.
func TestFound(t *testing.T) {
	var f Found
	f.Note("X", nil)
	if !f.Empty() {
		t.Error("nothing was found, and it is not empty")
	}
	f.Note("B", []Match{{"OTHER", Current}})
	if h := f.Holder(KindFile, "n"); f.Empty() || h.State != Current || !slices.Equal(h.Keys, []string{"OTHER"}) || !slices.Equal(h.Where, []string{"B"}) {
		t.Errorf("%+v", h)
	}
	f.Note("B", []Match{{"OTHER", Old}, {"A_KEY", Current}})
	f.Note("A", []Match{{"OTHER", Current}})
	if h := f.Holder(KindFile, "n"); h.State != Old || !slices.Equal(h.Keys, []string{"A_KEY", "OTHER"}) || !slices.Equal(h.Where, []string{"B", "A"}) || h.Kind != KindFile || h.Name != "n" {
		t.Errorf("%+v", h)
	}
}

func TestTitle(t *testing.T) {
	for want, h := range map[string]Holder{
		"container rag":                          {Kind: KindContainer, Name: "rag", Engine: "docker", Status: "running"},
		"container rag, exited":                  {Kind: KindContainer, Name: "rag", Engine: "docker", Status: "exited"},
		"container rag-1 (compose blueprint)":    {Kind: KindContainer, Name: "rag-1", Project: "blueprint", Service: "rag"},
		"podman container rag":                   {Kind: KindContainer, Name: "rag", Engine: "podman"},
		"podman-secret key":                      {Kind: KindPodmanSecret, Name: "key", Engine: "podman"},
		"kubernetes-secret ngc-api (rag)":        {Kind: KindSecret, Name: "ngc-api", Project: "rag"},
		"this shell":                             {Kind: KindShell, Name: "bash"},
		"/srv/.env":                              {Kind: KindFile, Name: ".env", Path: "/srv/.env"},
		"podman container a (compose p), exited": {Kind: KindContainer, Name: "a", Engine: "podman", Project: "p", Service: "s", Status: "exited"},
	} {
		if got := h.Title(); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
}

// One command recreates the services of a project, with their original files. Services that need force get
// a separate command.
func TestRestarts(t *testing.T) {
	restart := func(dir, file, env string, force bool, service string) *Restart {
		r := &Restart{Dir: dir, Project: "rag", Services: []string{service}, Force: force}
		if file != "" {
			r.Files = []string{file}
		}
		if env != "" {
			r.EnvFiles = []string{env}
		}
		return r
	}
	other := restart("/a", "", "", false, "other")
	other.Project = "other"
	report := Report{}
	for i, r := range []*Restart{
		restart("/a", "", "", false, "one"), restart("/a", "", "", false, "two"), restart("/a", "", "", false, "one"), restart("/b", "", "", false, "one"),
		restart("/a", "f.yaml", "", false, "one"), restart("/a", "f.yaml", "my.env", false, "one"), restart("/a", "f.yaml", "", true, "three"), other, nil,
	} {
		report.Holders = append(report.Holders, Holder{State: Old, Restart: r}, Holder{State: Current, Restart: restart("/current", "", "", false, strings.Repeat("x", i+1))})
	}
	var got []string
	for _, r := range report.Restarts() {
		got = append(got, r.Command())
	}
	want := []string{
		"cd /a && ragenv -- docker compose -p rag up -d one two",
		"cd /b && ragenv -- docker compose -p rag up -d one",
		"cd /a && ragenv -- docker compose -p rag -f f.yaml up -d one",
		"cd /a && ragenv -- docker compose -p rag -f f.yaml --env-file my.env up -d one",
		"cd /a && ragenv -- docker compose -p rag -f f.yaml up -d --force-recreate three",
		"cd /a && ragenv -- docker compose -p other up -d other",
	}
	if !slices.Equal(got, want) {
		t.Errorf("%s", strings.Join(got, "\n"))
	}
	if len(report.Holders[0].Restart.Services) != 1 {
		t.Error("the holders' own services were changed")
	}
}
