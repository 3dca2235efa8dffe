package childenv

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// A complete Windows environment, built on any system. UPDATE_GOLDEN=1 updates the expected result.
func TestWindowsEnvironment(t *testing.T) {
	shell := lines(t, "shell.env")
	stored := map[string]string{"NGC_API_KEY": "stored", "CYBORGDB_API_KEY": "from the shell", "Team_Token": "stored"}
	build := func(base []string, preserve bool) *Result {
		result, err := Build(Input{
			Base: base, Stored: stored, Preserve: preserve, FoldCase: true,
			Aliases: map[string][]string{"NGC_API_KEY": {"NVIDIA_API_KEY", "NGC_CLI_API_KEY"}}, Drop: []string{"RAGENV_PASSPHRASE"},
			Wanted: []string{"ngc_api_key", "NOT_SET"},
		})
		if err != nil {
			t.Fatal(err)
		}
		return result
	}
	for name, result := range map[string]*Result{
		"command.env": build(shell, false), "preserve.env": build(shell, true), "pristine.env": build(Pristine(shell, true), false),
	} {
		got := slices.Concat(result.Env, []string{
			"", "overridden: " + strings.Join(result.Overridden, " "), "kept: " + strings.Join(result.Kept, " "),
			"filled: " + strings.Join(result.Filled, " "), "missing: " + strings.Join(result.Missing, " "),
		})
		if os.Getenv("UPDATE_GOLDEN") != "" {
			if err := os.WriteFile(golden(name), []byte(strings.Join(got, "\n")+"\n"), 0o644); err != nil {
				t.Fatal(err)
			}
		}
		if diff := cmp.Diff(lines(t, name), got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		seen := map[string]bool{}
		for _, entry := range result.Env {
			variable, _, _ := strings.Cut(strings.TrimPrefix(entry, "="), "=")
			if variable = strings.ToUpper(variable); seen[variable] {
				t.Errorf("%s: %s is there twice", name, variable)
			}
			seen[variable] = true
		}
	}
}

func golden(name string) string { return filepath.Join("testdata", "windows", name) }

func lines(t *testing.T, name string) []string {
	t.Helper()
	data, err := os.ReadFile(golden(name))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}
