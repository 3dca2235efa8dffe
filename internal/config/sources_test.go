package config

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func sourced(profile, name string) keychain.Ref {
	return keychain.Ref{Profile: profile, Kind: keychain.KindEnv, Name: name}
}

func TestSourcesOfTheFile(t *testing.T) {
	c, err := Load(environment(t, `
[sources.team.B_KEY]
command = ["pass", "show", "b"]
[sources.default.B_KEY]
command = ["/bin/b"]
env = ["VAULT"]
cache = "5m"
[sources.default.A_KEY]
command = ["a", "./relative", ""]
`, nil))
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := c.Source(sourced("default", "B_KEY")); !ok || got.CacheFor() != 5*time.Minute || !slices.Equal(got.Env, []string{"VAULT"}) {
		t.Errorf("B_KEY: %+v, %t", got, ok)
	}
	if got, ok := c.Source(sourced("default", "A_KEY")); !ok || got.CacheFor() != 0 {
		t.Errorf("A_KEY: %+v, %t", got, ok)
	}
	for _, ref := range []keychain.Ref{sourced("team", "A_KEY"), sourced("other", "B_KEY"), {Profile: "default", Kind: keychain.KindRegistry, Name: "B_KEY"}} {
		if _, ok := c.Source(ref); ok {
			t.Errorf("%v comes from a command", ref)
		}
	}
	for profile, want := range map[string][]keychain.Ref{
		"":        {sourced("default", "A_KEY"), sourced("default", "B_KEY"), sourced("team", "B_KEY")},
		"default": {sourced("default", "A_KEY"), sourced("default", "B_KEY")},
		"team":    {sourced("team", "B_KEY")},
		"other":   nil,
	} {
		if got := c.Sourced(profile); !slices.Equal(got, want) {
			t.Errorf("%q: %v, want %v", profile, got, want)
		}
	}
	if c.OriginOf(KeySources) != OriginFile {
		t.Errorf("from %q", c.OriginOf(KeySources))
	}
}

func TestSourcesThatCanNeverRun(t *testing.T) {
	for table, want := range map[string]string{
		"[sources.default.A]\nenv = [\"X\"]":                        "[sources.default.A]: command is missing",
		"[sources.default.A]\ncommand = [\"\", \"x\"]":              "command is missing",
		"[sources.default.A]\ncommand = [\"x\", \"a\\u0000b\"]":     "NUL",
		"[sources.default.A]\ncommand = [\"./x\"]":                  "depends on the directory",
		"[sources.default.A]\ncommand = [\"x\"]\ncache = \"1ms\"":   "cache: 1ms is not between",
		"[sources.default.A]\ncommand = [\"x\"]\nenv = [\"\"]":      "no variable's name",
		"[sources.default.A]\ncommand = [\"x\"]\nenv = [\"B=key\"]": "no variable's name",
		"[sources.Big.A]\ncommand = [\"x\"]":                        "[sources.Big]: ",
	} {
		if _, err := Load(environment(t, table+"\n", nil)); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want ErrInvalid that says %q", table, err, want)
		}
	}
}

// Every other line stays in its place.
func TestSetAndRemoveSource(t *testing.T) {
	const table = "[sources.default.A_KEY]\ncommand = [\"x\", \"y\"]\nenv = [\"VAULT\"]\ncache = \"5m\"\n"
	const other = "[sources.default.B_KEY]\ncommand = [\"b\"]\n"
	for _, test := range []struct{ name, before, set, removed string }{
		{"no file", "", fileHead + "\n" + table, fileHead},
		{"a line without its end", "unlock = \"8h\"", "unlock = \"8h\"\n\n" + table, "unlock = \"8h\"\n"},
		{
			"in the first line, written in another way", "[ sources.default.A_KEY ] # mine\ncommand = [\"old\"]\n# end\n",
			"\n" + table, "",
		},
		{
			"in front of another table",
			"unlock = \"8h\"\n[sources.default.A_KEY]\ncommand = [\"old\"]\n\n# about B\n" + other,
			"unlock = \"8h\"\n\n# about B\n" + other + "\n" + table,
			"unlock = \"8h\"\n\n# about B\n" + other,
		},
		{
			"behind another table", other + "\n\n[sources.default.A_KEY]\ncommand = [\"old\"]\n",
			other + "\n" + table, other,
		},
		{"another profile", "[sources.team.A_KEY]\ncommand = [\"t\"]\n", "[sources.team.A_KEY]\ncommand = [\"t\"]\n\n" + table, "[sources.team.A_KEY]\ncommand = [\"t\"]\n"},
		{"another table alone", "[aliases]\nB = \"A\"\n", "[aliases]\nB = \"A\"\n\n" + table, "[aliases]\nB = \"A\"\n"},
	} {
		t.Run(test.name, func(t *testing.T) {
			getenv := environment(t, test.before, nil)
			c, err := Load(getenv)
			if err != nil {
				t.Fatal(err)
			}
			others := slices.DeleteFunc(c.Sourced(""), func(ref keychain.Ref) bool { return ref == sourced("default", "A_KEY") })
			check := func(want string, isThere bool) {
				t.Helper()
				if text, err := os.ReadFile(c.Paths.ConfigFile); err != nil || string(text) != want {
					t.Errorf("the file is\n%s, want\n%s (%v)", text, want, err)
				}
				again, err := Load(getenv)
				if err != nil {
					t.Fatal(err)
				}
				for _, config := range []*Config{c, again} {
					got, ok := config.Source(sourced("default", "A_KEY"))
					if ok != isThere || isThere && (!slices.Equal(got.Command, []string{"x", "y"}) || got.Cache != "5m") {
						t.Errorf("%+v, %t", got, ok)
					}
					left := slices.DeleteFunc(config.Sourced(""), func(ref keychain.Ref) bool { return ref == sourced("default", "A_KEY") })
					if !slices.Equal(left, others) {
						t.Errorf("others: %v, want %v", left, others)
					}
				}
			}
			for range 2 { // the second time it exists and is unchanged
				if err := c.SetSource(sourced("default", "A_KEY"), Source{Command: []string{"x", "y"}, Env: []string{"VAULT"}, Cache: "5m"}); err != nil {
					t.Fatal(err)
				}
				check(test.set, true)
			}
			if err := c.RemoveSource(sourced("default", "A_KEY")); err != nil {
				t.Fatal(err)
			}
			check(test.removed, false)
		})
	}
}

// Nothing unnecessary is written. If the file cannot be edited, it and the configuration in effect stay
// unchanged.
func TestSourceThatIsNotWritten(t *testing.T) {
	c, err := Load(environment(t, "\n[sources.default.A_KEY]\ncommand = [\"a\"]\n", nil))
	if err != nil {
		t.Fatal(err)
	}
	if err := c.SetSource(sourced("default", "A_KEY"), Source{Command: []string{"x"}}); err != nil {
		t.Fatal(err)
	}
	if text, err := os.ReadFile(c.Paths.ConfigFile); err != nil || string(text) != "\n[sources.default.A_KEY]\ncommand = [\"x\"]\n" {
		t.Errorf("%q, %v", text, err)
	}
	const inline = "sources = { default = { A_KEY = { command = [\"x\"] } } }\n"
	if err := os.WriteFile(c.Paths.ConfigFile, []byte(inline), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.RemoveSource(sourced("default", "A_KEY")); !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), "remove [sources.default.A_KEY] by hand") {
		t.Errorf("RemoveSource: %v", err)
	}
	if err := c.SetSource(sourced("team", "A_KEY"), Source{Command: []string{"other"}}); !errors.Is(err, ErrInvalid) {
		t.Errorf("SetSource: %v", err)
	}
	if text, err := os.ReadFile(c.Paths.ConfigFile); err != nil || string(text) != inline {
		t.Errorf("%q, %v", text, err)
	}
	if _, ok := c.Source(sourced("default", "A_KEY")); !ok {
		t.Error("the command is gone")
	}
	if _, ok := c.Source(sourced("team", "A_KEY")); ok {
		t.Error("a command that is not written is in effect")
	}
}
