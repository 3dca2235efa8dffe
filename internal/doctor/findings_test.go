package doctor

import (
	"path/filepath"
	"strings"
	"testing"

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
