package main

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/rounds"
)

func TestParseAccepted(t *testing.T) {
	const one = "a.go\tKIND\tx > 0"
	accepted, err := parseAccepted("# Because.\n" + one + "\n\n# Other.\nb.go\tKIND\ty\n")
	if err != nil || len(accepted) != 2 || !accepted[one] {
		t.Errorf("%v, %v", accepted, err)
	}
	for name, text := range map[string]string{"no reason": one, "reason of another paragraph": "# Because.\n\n" + one, "no columns": "# Because.\na.go x"} {
		if _, err := parseAccepted(text); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if _, err := parseAccepted(acceptedText); err != nil {
		t.Error(err)
	}
}

// A subject that was moved would no longer be tested.
func TestSubjectsExist(t *testing.T) {
	for _, s := range subjects {
		for _, dir := range []string{s.dir, s.scripts} {
			if _, err := os.Stat("../../" + dir); dir != "" && err != nil {
				t.Error(err)
			}
		}
	}
}

func TestPercentages(t *testing.T) {
	c := counts{killed: 9, lived: 1, uncovered: 10}
	if c.efficacy() != 90 || c.coverage() != 50 {
		t.Errorf("%v, %v", c.efficacy(), c.coverage())
	}
}

// A mutant that is switched on behaves like the same change of the source, for each kind of change in each
// place where it can occur.
func TestSwitchedOnIsTheSame(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("the tests of mutants are run by a Unix shell")
	}
	root := t.TempDir()
	for name, text := range map[string]string{"go.mod": "module example.com/p\n\ngo 1.25\n", "p/p.go": sample, "p/p_test.go": sampleTest} {
		path := filepath.Join(root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	found, err := find(root, "p")
	if err != nil {
		t.Fatal(err)
	}
	got, err := test(root, subject{dir: "p"}, 2, found)
	if err != nil {
		t.Fatal(err)
	}
	// Comments in the sample give the outcome of the mutants on their lines.
	for i, m := range found.mutants {
		_, want, _ := strings.Cut(m.source, "// ")
		if now := outcomes[got[i].own]; !slices.Contains(strings.Fields(want), now) {
			t.Errorf("%s: %s, constant %t: %s", m.kind, m.source, m.constant, now)
		}
	}
	if len(found.mutants) != 30 {
		t.Errorf("%d mutants", len(found.mutants))
	}
	step := 10 // each takes a build
	if rounds.Long() {
		step = 1
	}
	for i := range found.mutants {
		found.mutants[i].constant = found.mutants[i].constant || i%step == 0
	}
	want, err := test(root, subject{dir: "p"}, 2, found)
	if err != nil {
		t.Fatal(err)
	}
	for i, m := range found.mutants {
		if got[i].own != want[i].own && got[i].own != uncovered {
			t.Errorf("%s: %s: %s, and %s where the source is changed", m.kind, m.source, outcomes[got[i].own], outcomes[want[i].own])
		}
	}
}

var outcomes = map[outcome]string{uncovered: "uncovered", noProgram: "noProgram", lived: "lived", killed: "killed", timedOut: "timedOut"}

const sample = `// Package p is a sample.
package p

import "time"

const limit = 2 + 3 // killed

const small uint = 1 - 1 + 1 // killed noProgram

type flag bool

func bounds(a int, text string) (n int) {
	switch {
	case a >= limit, text+"x" == "abx": // killed
		n++ // killed
	case a < -4 /* below */ && a != /* not */ -8: // killed
		n-- // killed
	}
	for i := 0; i < a && i >= 0 && i != 99; i++ { // killed
		n += a*2 - i%3 // killed
	}
	return n * 2 // killed
}

func same(a time.Duration) (time.Duration, flag) {
	return a + 3*time.Second, a == 0 // killed
}

func unnoticed(a int) int {
	if a > 0 { // lived killed
		return a
	}
	return a + 0 // lived
}

func unreached(a int) int {
	return a - 1 // uncovered
}
`

const sampleTest = `package p

import (
	"testing"
	"time"
)

func Test(t *testing.T) {
	for _, c := range []struct {
		a    int
		text string
		n    int
	}{{0, "", 0}, {4, "", 58}, {5, "", 94}, {6, "ab", 134}, {1, "ab", 6}, {-4, "", 0}, {-5, "", -2}, {-7, "", -2}, {-8, "", 0}} {
		if n := bounds(c.a, c.text); n != c.n {
			t.Errorf("%+v: %d", c, n)
		}
	}
	if d, zero := same(1); d != 3*time.Second+1 || zero {
		t.Error(d)
	}
	if d, zero := same(0); d != 3*time.Second || !zero {
		t.Error(d)
	}
	if unnoticed(0) != 0 || unnoticed(1) != 1 || small != 1 {
		t.Error("unnoticed")
	}
}
`
