package injection

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/atomicfile"
	"github.com/ragenv/ragenv/internal/session/sessiontest"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/test/scripttest"
)

func TestSettingsAreBounded(t *testing.T) {
	path := filepath.Join(t.TempDir(), "settings")
	if err := os.WriteFile(path, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, size := range []int64{atomicfile.MaxSize, atomicfile.MaxSize + 1} {
		if err := os.Truncate(path, size); err != nil {
			t.Fatal(err)
		}
		data, err := readSettings(path)
		if fits := size <= atomicfile.MaxSize; (err == nil) != fits || fits && int64(len(data)) != size {
			t.Errorf("%d bytes: read %d, %v", size, len(data), err)
		}
	}
}

func TestFormsInsteadOfExpanded(t *testing.T) {
	const byName = "-e NGC_API_KEY hands the variable over by its name"
	for command, want := range map[string]string{
		"docker|run|-e|NGC_API_KEY=|IMG":    byName,
		"docker|run|-eNGC_API_KEY=|IMG":     byName,
		"docker|run|--env=NGC_API_KEY=|IMG": byName,
		"env|NGC_API_KEY=|sh":               inShell, // env takes no name alone
	} {
		if got := expandedArguments(strings.Split(command, "|"), []string{"NGC_API_KEY"}); len(got) != 1 || got[0].form != want {
			t.Errorf("%s: %v, want %q", command, got, want)
		}
	}
}

// Names that differ in case are one variable on Windows, and two elsewhere.
func TestCaseOfNames(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	if err := k.Set(keychain.Item{Ref: s.EnvRef("NGC_API_KEY"), Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
		t.Fatal(err)
	}
	windows := runtime.GOOS == "windows"
	result, err := build(s, request{Base: []string{"ngc_api_key=own"}})
	if err != nil {
		t.Fatal(err)
	}
	if kept := slices.Contains(result.Env, "ngc_api_key=own"); kept == windows {
		t.Errorf("a variable of the same letters: kept %v", kept)
	}
	if got := inherited([]string{"name=x"}, "NAME") == "x"; got != windows {
		t.Errorf("the variable is the same: %v", got)
	}
	if got := sameVariable("name", "NAME"); got != windows || !sameVariable("A", "A") || sameVariable("A", "B") {
		t.Errorf("the names are the same: %v", got)
	}
	if err := k.Set(keychain.Item{Ref: s.EnvRef("ngc_api_key"), Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
		t.Fatal(err)
	}
	values, err := Values(s, nil, nil, false)
	if one := len(values) == 1; err != nil || one != windows {
		t.Errorf("%d values, %v", len(values), err)
	}
}

// A key counts as stored in every profile, a login or a former value of its name does not.
func TestStoredSomewhere(t *testing.T) {
	s, k, _ := sessiontest.New(t)
	for _, ref := range []keychain.Ref{
		{Profile: "work", Kind: keychain.KindEnv, Name: "ELSEWHERE"}, {Profile: "work", Kind: keychain.KindPrevious, Name: "FORMER"},
	} {
		if err := k.Set(keychain.Item{Ref: ref, Secret: keychain.NewSecret(scripttest.NewKey())}); err != nil {
			t.Fatal(err)
		}
	}
	_, all, err := readItems(s, nil)
	if err != nil {
		t.Fatal(err)
	}
	stored := reach(s, nil, all).Stored
	for name, want := range map[string]bool{"ELSEWHERE": true, "FORMER": false, "NEVER": false} {
		if got := stored(name); got != want {
			t.Errorf("%s: %v, want %v", name, got, want)
		}
	}
}
