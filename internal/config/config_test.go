package config

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/pkg/keychain"
	_ "github.com/ragenv/ragenv/test/umask"
)

// environment returns a getenv with its own home and, if text is not empty, a config file.
func environment(t *testing.T, text string, more map[string]string) func(string) string {
	t.Helper()
	home := t.TempDir()
	variables := map[string]string{"HOME": home, "USERPROFILE": home}
	for name, value := range more {
		variables[name] = value
	}
	getenv := func(name string) string { return variables[name] }
	if text != "" {
		paths, err := FindPaths(getenv)
		if err != nil {
			t.Fatal(err)
		}
		if err := os.MkdirAll(filepath.Dir(paths.ConfigFile), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(paths.ConfigFile, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	return getenv
}

func TestDefaults(t *testing.T) {
	c, err := Load(environment(t, "", nil))
	if err != nil {
		t.Fatal(err)
	}
	if c.Backend != "" || c.Profile != DefaultProfile || c.Unlock != 15*time.Minute || c.OriginOf(KeyProfile) != OriginDefault {
		t.Errorf("defaults: %+v", c)
	}
}

func TestFileAndEnvironment(t *testing.T) {
	const text = `
backend = "file"
profile = "work"
unlock = "8h"
required = ["CYBORGDB_API_KEY"]
colour = "blue"

[aliases]
NIM_NGC_API_KEY = "NGC_API_KEY"

[secret-service]
collection = "keys"
extra = 1
`
	c, err := Load(environment(t, text, map[string]string{EnvBackend: "pass"}))
	if err != nil {
		t.Fatal(err)
	}
	if c.Backend != "pass" || c.OriginOf(KeyBackend) != EnvBackend {
		t.Errorf("backend %q from %q, want pass from the environment", c.Backend, c.OriginOf(KeyBackend))
	}
	if c.Profile != "work" || c.OriginOf(KeyProfile) != OriginFile {
		t.Errorf("profile %q from %q", c.Profile, c.OriginOf(KeyProfile))
	}
	if c.Unlock != 8*time.Hour || c.Collection != "keys" || c.Aliases["NIM_NGC_API_KEY"] != "NGC_API_KEY" ||
		!slices.Equal(c.Required, []string{"CYBORGDB_API_KEY"}) {
		t.Errorf("settings: %+v", c)
	}
	if want := []string{"colour", "secret-service.extra"}; !slices.Equal(c.UnknownKeys, want) {
		t.Errorf("unknown keys %q, want %q", c.UnknownKeys, want)
	}
}

func TestInvalid(t *testing.T) {
	for text, want := range map[string]string{
		"\n\nbackend = file\n":   "line 3",
		"profile = \"Big\"\n":    "profile",
		"unlock = \"25h\"\n":     "24h",
		"unlock = \"tomorrow\"":  "duration",
		"backend = [\"file\"]\n": "line 1: cannot decode TOML array",
	} {
		_, err := Load(environment(t, text, nil))
		if !errors.Is(err, ErrInvalid) || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want ErrInvalid that says %q", text, err, want)
		}
	}
	if _, err := Load(environment(t, "", map[string]string{EnvProfile: "../x"})); !errors.Is(err, keychain.ErrInvalidName) {
		t.Errorf("a bad %s: %v", EnvProfile, err)
	}
}

func TestBoundsOfUnlock(t *testing.T) {
	for text, ok := range map[string]bool{"1s": true, "24h": true, "999ms": false, "24h0m1s": false, "-1h": false, "": false} {
		if d, err := ParseUnlock(text); (err == nil) != ok || ok && d.String() == "0s" {
			t.Errorf("%q: %s, %v", text, d, err)
		}
	}
}

// A newer format may change anything else.
func TestFormat(t *testing.T) {
	if c, err := Load(environment(t, "format = 1\nprofile = \"a\"\n", nil)); err != nil || c.Profile != "a" || len(c.UnknownKeys) != 0 {
		t.Errorf("format 1: %+v, %v", c, err)
	}
	if _, err := Load(environment(t, "format = 2\nprofile = 7\n", nil)); !errors.Is(err, keychain.ErrNewerFormat) || !strings.Contains(err.Error(), "format 2") {
		t.Errorf("format 2: %v", err)
	}
	if _, err := Load(environment(t, "format = \"two\"\n", nil)); !errors.Is(err, ErrInvalid) {
		t.Errorf("a format that is no number: %v", err)
	}
}

func TestBackendMoved(t *testing.T) {
	for _, test := range []struct {
		name, before, after string
		flag                string // this run's backend
		moved               bool
	}{
		{"the same file", "backend = \"file\"\n", "backend = \"file\"\n", "", false},
		{"the same file, another backend for this run", "backend = \"file\"\n", "backend = \"file\"\n", "pass", false},
		{"another setting", "backend = \"file\"\n", "backend = \"file\"\nunlock = \"1h\"\n", "", false},
		{"a file that cannot be read", "backend = \"file\"\n", "backend = \n", "", false},
		{"another backend", "backend = \"file\"\n", "backend = \"secret-service\"\n[secret-service]\ncollection = \"x\"\n", "", true},
		{"the first one", "unlock = \"1h\"\n", "backend = \"secret-service\"\n[secret-service]\ncollection = \"x\"\n", "", true},
	} {
		getenv := environment(t, test.before, nil)
		c, err := Load(getenv)
		if err != nil {
			t.Fatal(err)
		}
		if test.flag != "" {
			c.Backend, c.Origins[KeyBackend] = test.flag, OriginFlag
		}
		want, origin, collection := c.Backend, c.OriginOf(KeyBackend), ""
		if test.moved {
			want, origin, collection = "secret-service", OriginFile, "x"
		}
		if err := os.WriteFile(c.Paths.ConfigFile, []byte(test.after), 0o600); err != nil {
			t.Fatal(err)
		}
		if moved := c.BackendMoved(getenv); moved != test.moved {
			t.Errorf("%s: %t", test.name, moved)
		}
		if c.Backend != want || c.Collection != collection || c.OriginOf(KeyBackend) != origin || test.moved && c.PinnedBackend != want {
			t.Errorf("%s: %q from %q, pinned %q, collection %q", test.name, c.Backend, c.OriginOf(KeyBackend), c.PinnedBackend, c.Collection)
		}
	}
}

// A concurrent writer loses nothing, and one that never stops does not block the edit.
func TestEditedMeanwhile(t *testing.T) {
	for writes, want := range map[int]error{1: nil, maxTries - 1: nil, maxTries: atomicfile.ErrChanged} {
		getenv := environment(t, "unlock = \"1h\"\n", nil)
		c, err := Load(getenv)
		if err != nil {
			t.Fatal(err)
		}
		calls := 0
		change := pinning(KeyProfile, "a")
		inner := change.text
		change.text = func(text string) string {
			if calls++; calls > maxTries {
				t.Fatal("too many tries")
			}
			if calls <= writes {
				if err := os.WriteFile(c.Paths.ConfigFile, fmt.Appendf(nil, "unlock = \"%dh\"\n", 1+calls), 0o600); err != nil {
					t.Fatal(err)
				}
			}
			return inner(text)
		}
		if err := c.edit(change); !errors.Is(err, want) {
			t.Errorf("%d writes: %v, want %v", writes, err, want)
		}
		again, err := Load(getenv)
		if err != nil || again.Unlock != time.Duration(1+writes)*time.Hour || again.Profile == "a" != (want == nil) {
			t.Errorf("%d writes: %+v, %v", writes, again, err)
		}
	}
}

func TestPinKeepsEverythingElse(t *testing.T) {
	for before, want := range map[string]string{
		"":                                  fileHead + "backend = \"pass\"\n",
		"# mine\nprofile = \"a\"\n":         "# mine\nprofile = \"a\"\nbackend = \"pass\"\n",
		"backend = \"file\" # why\nx = 1\n": "backend = \"pass\" # why\nx = 1\n",
		"'backend' = 'file'\r\nx = 1\r\n":   "backend = \"pass\"\r\nx = 1\r\n",
		"x = 1":                             "x = 1\nbackend = \"pass\"\n",
		"[aliases]\nbackend = \"A\"\n":      "backend = \"pass\"\n[aliases]\nbackend = \"A\"\n",
		"a = 1\n\n[aliases]\nB = \"A\"\n":   "a = 1\n\nbackend = \"pass\"\n[aliases]\nB = \"A\"\n",
	} {
		getenv := environment(t, before, nil)
		c, err := Load(getenv)
		if err != nil {
			t.Fatalf("%q: %v", before, err)
		}
		if err := c.Pin(KeyBackend, "pass"); err != nil {
			t.Fatalf("%q: %v", before, err)
		}
		after, err := os.ReadFile(c.Paths.ConfigFile)
		if err != nil || string(after) != want {
			t.Errorf("%q became %q, want %q", before, after, want)
		}
		if again, err := Load(getenv); err != nil || again.Backend != "pass" || c.Backend != "pass" {
			t.Errorf("%q: read back %+v, %v", before, again, err)
		}
	}
}

func TestPinLeavesABrokenFileAlone(t *testing.T) {
	getenv := environment(t, "profile = \"a\"\n", nil)
	c, err := Load(getenv)
	if err != nil {
		t.Fatal(err)
	}
	const broken = "profile = \n"
	if err := os.WriteFile(c.Paths.ConfigFile, []byte(broken), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := c.Pin(KeyBackend, "pass"); !errors.Is(err, ErrInvalid) {
		t.Errorf("Pin: %v, want ErrInvalid", err)
	}
	if after, err := os.ReadFile(c.Paths.ConfigFile); err != nil || string(after) != broken {
		t.Errorf("the file became %q (%v)", after, err)
	}
}

// A line within a multi-line string may look like a table or the setting.
func TestPinRefusesWhatItCannotEdit(t *testing.T) {
	for _, text := range []string{"x = \"\"\"\n[a]\n\"\"\"\n", "x = \"\"\"\nbackend = 1\n\"\"\"\n", "[[x]]\n"} {
		c := &Config{Origins: map[string]Origin{}}
		next, err := c.edited(text, pinning(KeyBackend, "pass"))
		if err == nil {
			if doc, _, err := decode(next); err != nil || doc.Backend == nil || *doc.Backend != "pass" {
				t.Errorf("%q became %q", text, next)
			}
		} else if !errors.Is(err, ErrInvalid) {
			t.Errorf("%q: %v, want ErrInvalid", text, err)
		}
	}
}

func FuzzSetTopLevel(f *testing.F) {
	f.Add("backend = \"file\"\n[a]\nb=1\n")
	f.Add("# c\n\nprofile='x'")
	f.Fuzz(func(t *testing.T, text string) {
		parse := func(text string) (*Config, error) {
			c := &Config{Profile: DefaultProfile, Origins: map[string]Origin{}}
			return c, c.parse(text)
		}
		before, err := parse(text)
		if err != nil {
			return
		}
		next, err := before.edited(text, pinning(KeyBackend, "pass"))
		if err != nil {
			if !errors.Is(err, ErrInvalid) {
				t.Fatal(err)
			}
			return // Pin writes nothing
		}
		after, err := parse(next)
		if err != nil || after.Backend != "pass" || after.Profile != before.Profile || after.Unlock != before.Unlock || after.Collection != before.Collection {
			t.Fatalf("%q: %+v became %+v (%v)", text, before, after, err)
		}
	})
}

func TestSetUnused(t *testing.T) {
	getenv := environment(t, "# mine\nunlock = \"8h\"\n\n[aliases]\nB = \"A\"\n", nil)
	c, err := Load(getenv)
	if err != nil {
		t.Fatal(err)
	}
	for _, step := range []struct {
		name   string
		unused bool
		want   string // the line of the config file
	}{
		{"A_KEY", true, `unused = ["A_KEY"]`},
		{"B_KEY", true, `unused = ["A_KEY", "B_KEY"]`},
		{"B_KEY", true, `unused = ["A_KEY", "B_KEY"]`},
		{"A_KEY", false, `unused = ["B_KEY"]`},
		{"B_KEY", false, `unused = []`},
	} {
		if err := c.SetUnused(step.name, step.unused); err != nil {
			t.Fatal(err)
		}
		text, err := os.ReadFile(c.Paths.ConfigFile)
		want := "# mine\nunlock = \"8h\"\n\n" + step.want + "\n[aliases]\nB = \"A\"\n"
		if err != nil || string(text) != want {
			t.Errorf("%s %v: %q, want %q", step.name, step.unused, text, want)
		}
		if again, err := Load(getenv); err != nil || !slices.Equal(again.Unused, c.Unused) || slices.Contains(c.Unused, step.name) != step.unused {
			t.Errorf("%s %v: %q, read back %q (%v)", step.name, step.unused, c.Unused, again.Unused, err)
		}
	}
}
