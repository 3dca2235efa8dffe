package places

import (
	"encoding/base64"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestAssignments(t *testing.T) {
	for text, want := range map[string][]string{
		"A=1":                                {"1 A 1"},
		"\n  export A=1 B='2 3' # C=4\r\n":   {"2 A 1", "2 B 2 3"},
		`A="x\"y" B=a\ b`:                    {"1 A x\"y", "1 B a b"},
		`A="$B" C=${D} E=$(f) G=` + "`h`":    nil,
		`A='$B'`:                             {"1 A $B"},
		`A=a$`:                               {"1 A a$"},
		"A=1;B=2&&C=3":                       {"1 A 1", "1 B 2", "1 C 3"},
		"declare -x A=1":                     {"1 A 1"},
		"env A=1 command":                    {"1 A 1"},
		"it's A=1\nB=2":                      {"2 B 2"}, // the unclosed quote ends with its line
		"set -gx A 1":                        {"1 A 1"},
		"set --global --export A $B":         nil,
		"set -e A":                           nil,
		"setenv A 1":                         {"1 A 1"},
		"A=":                                 nil,
		"1A=x --a=b A-B=c":                   nil,
		`SETUVAR --export A:x\x2dy`:          {"1 A x-y"},
		"SETUVAR A:1":                        {"1 A 1"},
		`A=\`:                                {`1 A \`},
		`SETUVAR A:\x09\x20\xfF\x61`:         {"1 A \t \xffa"},
		`SETUVAR A:a\x2`:                     {`1 A a\x2`},
		`SETUVAR A:\xg0\x0g\y61`:             {`1 A \xg0\x0g\y61`},
		"SETUVAR A":                          nil,
		"set":                                nil,
		"set A":                              nil,
		"set -x -g":                          nil,
		"set -x A":                           nil,
		"set A 1; set B 2":                   {"1 A 1", "1 B 2"},
		"setenv":                             nil,
		"setenv A":                           nil,
		"setenv A $B":                        nil,
		"A=$":                                {"1 A $"},
		"A=$ B=$\tC=\"$\"":                   {"1 A $", "1 B $", "1 C $"},
		"$env.A = '1'; $Env:B=2":             {"1 A 1", "1 B 2"},
		"$env.A = $B":                        nil,
		"${A:-1} ${B-2} ${C:=3} ${D:-$E}":    {"1 A 1", "1 B 2", "1 C 3"},
		"  - A: 1\nB: \"2\" # x\nC:\nD: '3'": {"1 A 1", "2 B 2", "4 D 3"},
		"https://me:secret@host/ a":          {"1  secret"},
		"https://me:$A@host/ http://me@b":    nil,
		"#A=1":                               nil,
		"ftp://a:one@host ftp://b:two@host":  {"1  one", "1  two"},
		" # A=1":                             nil,
		"A='1' B=\"\" C=''":                  {"1 A 1"},
		"A=1 A=1 A=2":                        {"1 A 1", "1 A 2"},
		"A=x#y":                              {"1 A x#y"},
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

// NGC keys are found anywhere, each once, and are never shown as a name.
func TestKeysWithoutAName(t *testing.T) {
	personal := scripttest.NewKey()
	id := strings.Repeat("a1", 13) + ":12345678-1234-1234-1234-123456789012"
	legacy := base64.StdEncoding.EncodeToString([]byte(id))
	if !IsNGCKey(personal) || !IsNGCKey(legacy) || !IsNGCKey("nvapi-stg-"+personal[10:]) || IsNGCKey(personal[:50]) || IsNGCKey("") || IsNGCKey("NGC_API_KEY") {
		t.Fatal("a key is not taken for one, or something else is")
	}
	for name, c := range map[string]struct {
		line  string
		names []string
	}{
		"in a comment":       {"# " + personal, []string{""}},
		"an argument":        {"docker login -p " + personal, []string{""}},
		"in brackets":        {"f(" + personal + "),[" + personal + "]", []string{"", ""}},
		"a default":          {"echo ${1:-" + personal + "}", []string{""}},
		"under a name":       {"A=" + personal, []string{"A"}},
		"in a name's place":  {legacy + "=x", []string{""}},
		"cut short":          {"# " + personal[:50], nil},
		"a user's in a URL":  {"https://$oauthtoken:" + personal + "@host", []string{""}},
		"another one behind": {"A=" + personal + " # " + legacy, []string{"A", ""}},
	} {
		var names []string
		for _, a := range Assignments(c.line) {
			if names = append(names, a.Name); a.Value != personal && a.Value != legacy || a.Line != 1 {
				t.Errorf("%s: line %d, another value", name, a.Line)
			}
		}
		if name == "in brackets" {
			names = append(names, names...) // once
		}
		if !slices.Equal(names, c.names) {
			t.Errorf("%s: %q", name, names)
		}
	}
}

func TestUnquote(t *testing.T) {
	for text, want := range map[string]string{`"a"`: "a", `'a'`: "a", `""`: "", `''`: "", `"`: `"`, "'": "'", "": "", `"a'`: `"a'`, `a"`: `a"`, `"a`: `"a`, "aa": "aa"} {
		if got := unquote(text); got != want {
			t.Errorf("%s: %s, want %s", text, got, want)
		}
	}
}

// A plain "NAME=VALUE" line is found whatever surrounds it, and no text makes the search fail.
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
