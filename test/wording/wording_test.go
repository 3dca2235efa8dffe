package wording

import (
	"go/parser"
	"slices"
	"testing"
)

func TestRules(t *testing.T) {
	for text, want := range map[string][]string{
		"no key is stored":       nil,
		"Docker is not running":  nil,
		"NGC_API_KEY: two lines": nil,
		"%s is stored":           nil,
		"ragenv set NAME":        nil,
		"No key is stored.":      {"a message has no full stop", "a message is lower case"},
		"done!":                  {"a message does not shout"},
		"one\ntwo":               {"a message is one line"},
	} {
		if got := Rules(text); !slices.Equal(got, want) {
			t.Errorf("%q: %q, want %q", text, got, want)
		}
	}
}

func TestAside(t *testing.T) {
	for source, want := range map[string]bool{
		`"ragenv set " + name + " (or: ragenv rm)"`:       true,
		`hint + " (or: ragenv rm)"`:                       true,
		`"ragenv docker configure (without --store)" + x`: true,
		`"store it as " + other + ", then: ragenv set"`:   false,
		`"chmod a-s $(command -v " + program + ")"`:       false,
		`dir + " (" + reason + ")"`:                       false,
	} {
		node, err := parser.ParseExpr(source)
		if err != nil {
			t.Fatal(err)
		}
		if text, ok := joined(node); !ok || aside.MatchString(text) != want {
			t.Errorf("%s: %q", source, text)
		}
	}
}

func TestTail(t *testing.T) {
	for text, want := range map[string]bool{
		"ragenv setup, or from a backup: ragenv restore FILE": true,
		"ragenv doctor --online, later":                       true,
		"ragenv unlock asks again; if it is forgotten: X":     true,
		"from a backup: ragenv restore FILE; else: X":         false,
		"ragenv import --only A,B FILE":                       false,
		"sudo kept HOME, so root looks there":                 false,
		"cat /proc/key-users; keyctl show @u":                 true, // two commands need words first, or &&
	} {
		if tail.MatchString(text) != want {
			t.Errorf("%q: not %v", text, want)
		}
	}
}

func TestForbidden(t *testing.T) {
	for _, text := range []string{"this mends it", "it lies there", "left out", "Once more: ", "tells whether", "whoever reads it", "make the keychain"} {
		if !slices.ContainsFunc(forbidden, func(f rule) bool { return f.pattern.MatchString(text) }) {
			t.Errorf("%q is allowed", text)
		}
	}
}
