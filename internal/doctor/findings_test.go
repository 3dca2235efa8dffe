package doctor

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/test/scripttest"
)

// A joined hint has the different commands of the worst findings, and not too many.
func TestJoined(t *testing.T) {
	var f findings
	if got := f.joined(Result{OK, "nothing", "kept"}); got != (Result{OK, "nothing", "kept"}) {
		t.Errorf("%+v", got)
	}
	f.add(Warning, "a", "1")
	f.add(Warning, "a", "2")
	f.add(Warning, "", "3")
	if got := f.joined(Result{}).Hint; got != "a" {
		t.Errorf("hint %q", got)
	}
	for _, hint := range []string{"b", "c", "d", "e", "f", "g"} {
		f.add(Warning, hint, "4")
	}
	if got := f.joined(Result{}).Hint; got != "a && b && c && d && e" {
		t.Errorf("hint %q", got)
	}
	f.add(Failed, "x", "5")
	f.add(Failed, "y", "6")
	if got := f.joined(Result{}); got.Hint != "x && y" || got.Status != Failed {
		t.Errorf("%+v", got)
	}
}

// Two values of a line that are, or should be, the same key are one finding.
func TestGitEnvFilesOncePerLine(t *testing.T) {
	h := newHome(t)
	h.keys["stray"] = scripttest.NewKey()
	h.write(filepath.Join(h.Dir, ".envrc"), "export NGC_API_KEY="+h.keys["NGC_API_KEY"]+" NVIDIA_API_KEY="+h.keys["stray"]+"\nexport CYBORGDB_API_KEY="+h.keys["CYBORGDB_API_KEY"]+"\n")
	got := h.gitEnvFiles(t.Context())
	if strings.Count(got.Detail, "holds NGC_API_KEY") != 1 || strings.Count(got.Detail, "holds CYBORGDB_API_KEY") != 1 {
		t.Errorf("%+v", got)
	}
}

// Short values occur everywhere, so they are not compared.
func TestShortValuesAreNoKeys(t *testing.T) {
	for length, want := range map[int]Status{minSecret - 1: OK, minSecret: Warning} {
		h := newHome(t)
		h.put("MY_PIN", strings.Repeat("7", length))
		h.write(filepath.Join(h.Dir, ".env"), "PIN="+h.keys["MY_PIN"]+"\n")
		delete(h.keys, "MY_PIN") // the check for parts of keys is for random ones
		if got := h.gitEnvFiles(t.Context()); got.Status != want {
			t.Errorf("%d characters: %+v", length, got)
		}
	}
}

// The command that removes a key stores it first only if that is right.
func TestRemoval(t *testing.T) {
	const byImport, edit = "ragenv import /x --remove", "${EDITOR:-vi} +3 /x"
	only := func(name string) string { return "ragenv import --only " + name + " /x --remove" }
	for name, c := range map[string]struct {
		k    judged
		want string
	}{
		"another value":                 {judged{Finding: places.Finding{Place: places.EnvFile, Name: "NGC_API_KEY"}, relation: otherKey, of: "NGC_API_KEY"}, edit},
		"a former value":                {judged{Finding: places.Finding{Place: places.EnvFile, Name: "NGC_API_KEY"}, relation: otherKey, of: "NGC_API_KEY", former: true}, byImport},
		"in a comment":                  {judged{Finding: places.Finding{Place: places.Startup}, relation: strayKey, of: "an NGC key"}, edit},
		"a known variable":              {judged{Finding: places.Finding{Place: places.EnvFile, Name: "NGC_API_KEY"}, relation: strayKey, of: "NGC_API_KEY"}, byImport},
		"another variable":              {judged{Finding: places.Finding{Place: places.Startup, Name: "MY_TOKEN"}, relation: strayKey, of: "MY_TOKEN"}, only("MY_TOKEN")},
		"another one, stored":           {judged{Finding: places.Finding{Place: places.EnvFile, Name: "MY_TOKEN"}, relation: storedKey, of: "MY_TOKEN"}, only("MY_TOKEN")},
		"stored under another name":     {judged{Finding: places.Finding{Place: places.EnvFile, Name: "MY_TOKEN"}, relation: storedKey, of: "NGC_API_KEY"}, edit},
		"a file with a single key":      {judged{Finding: places.Finding{Place: "ngc-cli"}, relation: strayKey, of: "an NGC key"}, byImport},
		"a file with names of its own":  {judged{Finding: places.Finding{Place: "ngc-cli", Name: "MY_TOKEN"}, relation: storedKey, of: "NGC_API_KEY"}, byImport},
		"a place that import cannot do": {judged{Finding: places.Finding{Place: "helm", Fix: "helm repo remove x"}, relation: strayKey}, "helm repo remove x"},
	} {
		c.k.Path, c.k.Line = "/x", 3
		if c.k.Fix == "" {
			c.k.Fix = byImport
		}
		if got := newHome(t).removal(c.k); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
	k := judged{Finding: places.Finding{Place: places.Startup, Path: "/x", Line: 3, Fix: "ragenv import /x --remove && unset X"}, relation: strayKey}
	if got := newHome(t).removal(k); got != k.Fix {
		t.Errorf("a command with a second one: %q, want %q", got, k.Fix)
	}
}

// One command opens an editor for all lines of a file.
func TestRemovals(t *testing.T) {
	line := func(path string, line int, fix string, r relation) judged {
		return judged{Finding: places.Finding{Place: places.EnvFile, Path: path, Line: line, Name: "NGC_API_KEY", Fix: fix}, relation: r, of: "NGC_API_KEY"}
	}
	const byImport = "ragenv import /x --remove"
	got := newHome(t).removals([]judged{line("/x", 3, byImport, otherKey), line("/x", 5, byImport, otherKey), line("/x", 6, byImport, storedKey), line("/y", 7, byImport, otherKey)})
	if want := []string{"${EDITOR:-vi} +3 /x", "${EDITOR:-vi} +3 /x", byImport, "${EDITOR:-vi} +7 /y"}; !slices.Equal(got, want) {
		t.Errorf("%q, want %q", got, want)
	}
}

// A value that was replaced can be removed without a second thought, unless it cannot be regenerated.
func TestFormerValues(t *testing.T) {
	h := newHome(t)
	for _, name := range []string{"NGC_API_KEY", "MY_TOKEN", secrets.IndexKey} {
		former := scripttest.NewKey()
		h.put(name, former)
		h.put(name, scripttest.NewKey())
		if got, want := h.isFormer(name, former), name != secrets.IndexKey; got != want {
			t.Errorf("%s: %t, want %t", name, got, want)
		}
		if h.isFormer(name, scripttest.NewKey()) {
			t.Errorf("%s: a new value is a former one", name)
		}
		if h.isFormer("OTHER_TOKEN", former) {
			t.Errorf("%s: a former value of another key", name)
		}
	}
	if emptyHome(t).isFormer("NGC_API_KEY", scripttest.NewKey()) {
		t.Error("a former value without a keychain")
	}
}

// A locked keychain without items is reported, too: the next key that is stored could not be read.
func TestEmptyLockedKeychain(t *testing.T) {
	h := emptyHome(t)
	h.createStore("words")
	h.expect(h.keychain, Warning, "is locked", "ragenv unlock")
	open := emptyHome(t)
	open.createStore("")
	open.expect(open.keychain, OK, "open, without a passphrase, 0 items", "")
}
