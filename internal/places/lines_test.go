package places

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

func TestAssignments(t *testing.T) {
	for text, want := range map[string][]string{
		"A=1":                              {"1 A 1"},
		"\n  export A=1 B='2 3' # C=4\r\n": {"2 A 1", "2 B 2 3"},
		`A="x\"y" B=a\ b`:                  {"1 A x\"y", "1 B a b"},
		`A="$B" C=${D} E=$(f) G=` + "`h`":  nil,
		`A='$B'`:                           {"1 A $B"},
		`A=a$`:                             {"1 A a$"},
		"A=1;B=2&&C=3":                     {"1 A 1", "1 B 2", "1 C 3"},
		"declare -x A=1":                   {"1 A 1"},
		"env A=1 command":                  {"1 A 1"},
		"it's A=1\nB=2":                    {"2 B 2"}, // the open quote ends with its line
		"set -gx A 1":                      {"1 A 1"},
		"set --global --export A $B":       nil,
		"set -e A":                         nil,
		"setenv A 1":                       {"1 A 1"},
		"A=":                               nil,
		"1A=x --a=b A-B=c":                 nil,
		`SETUVAR --export A:x\x2dy`:        {"1 A x-y"},
		"SETUVAR A:1":                      {"1 A 1"},
		`A=\`:                              {`1 A \`},
		"A=x#y":                            {"1 A x#y"},
	} {
		var got []string
		for _, a := range Assignments(text) {
			got = append(got, fmt.Sprintf("%d %s %s", a.Line, a.Name, a.Value))
		}
		if !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

// A plain "NAME=VALUE" line is found whatever stands around it, and no text makes the search fail.
func FuzzAssignments(f *testing.F) {
	f.Add("export A='b", "NAME", "c")
	f.Add("#\\\n", "B", "d$`\"")
	f.Fuzz(func(t *testing.T, before, name, value string) {
		found := Assignments(before + "\n" + name + "='" + value + "'\n" + before)
		if strings.ContainsAny(value, "'\n\r") || value == "" || strings.ContainsAny(name, "\n ") || !isName(name) {
			return
		}
		line := strings.Count(before, "\n") + 2
		if !slices.Contains(found, Assignment{line, name, value}) {
			t.Errorf("%q=%q in line %d: %+v", name, value, line, found)
		}
	})
}

func isName(name string) bool {
	return name != "" && strings.Trim(name, "ABCDEFGHIJKLMNOPQRSTUVWXYZ_") == ""
}
