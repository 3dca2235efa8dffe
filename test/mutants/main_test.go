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
