package main

import (
	"os"
	"testing"
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

// A subject that moved would be tested by nothing.
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

// The conditions of a switch that was reached are added, those of another are not.
func TestCases(t *testing.T) {
	const source = `package p

const limit = 2 + 3; func f(a, b int) int {
	switch {
	case a > 1, b > 1:
		return 1
	default:
		return 2
	}
}

func g(a int) int {
	switch {
	case a > 1:
		return 1
	}
	return 2
}
`
	executed, err := parseBlock("example.com/p/p.go:3.44,4.9 1 7")
	if err != nil || executed.executed != 7 || executed.file != "example.com/p/p.go" {
		t.Fatal(executed, err)
	}
	found, err := cases([]byte(source), []block{executed})
	if err != nil || len(found) != 2 || found[0].from != (position{3, 1}) || found[1].from != (position{5, 7}) || found[1].to != (position{5, 19}) {
		t.Errorf("%+v, %v", found, err)
	}
	if _, err := parseBlock("mode: set"); err == nil {
		t.Error("a line that is no block was accepted")
	}
}
