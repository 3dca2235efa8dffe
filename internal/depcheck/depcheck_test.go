// Package depcheck_test holds what go.mod must keep to: modules at least as new as the releases that fixed what is known of
// them, and nothing that "go install module@version" refuses. It needs no vulnerability database; scripts/vuln asks that.
package depcheck_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// fixed names, for modules that the programs link, the release without the vulnerabilities named. Such a line goes when
// every release that a dependency of ours could ask for is newer.
var fixed = []struct {
	module, release, advisories string
}{
	// keyring asks for 1.5.0.
	{"github.com/dvsekhvalnov/jose2go", "v1.7.0", "GO-2023-2409, GO-2025-4123"},
	{"golang.org/x/crypto", "v0.45.0", "GO-2025-4134, GO-2025-4135"},
	{"golang.org/x/sys", "v0.1.0", "GO-2022-0493"},
	{"filippo.io/age", "v1.2.1", "GO-2024-3344"},
	{"github.com/docker/docker-credential-helpers", "v0.6.3", "CVE-2019-1020014"},
}

func TestVulnerableReleases(t *testing.T) {
	selected := map[string]string{}
	for decoder := json.NewDecoder(strings.NewReader(golang(t, "list", "-m", "-json=Path,Version", "all"))); ; {
		var module struct{ Path, Version string }
		if err := decoder.Decode(&module); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			t.Fatal(err)
		}
		selected[module.Path] = module.Version
	}
	for _, f := range fixed {
		version, ok := selected[f.module]
		if !ok {
			t.Errorf("%s is no dependency any more: its line here can go", f.module)
			continue
		}
		older, err := isOlder(version, f.release)
		if err != nil {
			t.Fatalf("%s: %v", f.module, err)
		}
		if older {
			t.Errorf("%s is %s, older than %s, which fixed %s", f.module, version, f.release, f.advisories)
		}
	}
}

// TestInstallable: "go install github.com/ragenv/ragenv/cmd/...@version" refuses a module with one of these directives.
func TestInstallable(t *testing.T) {
	var mod struct{ Replace, Exclude []json.RawMessage }
	if err := json.Unmarshal([]byte(golang(t, "mod", "edit", "-json")), &mod); err != nil {
		t.Fatal(err)
	}
	if len(mod.Replace) > 0 {
		t.Errorf("go.mod replaces modules: %s", mod.Replace)
	}
	if len(mod.Exclude) > 0 {
		t.Errorf("go.mod excludes versions: %s", mod.Exclude)
	}
}

// golang runs the go command in the module's root.
func golang(t *testing.T, args ...string) string {
	t.Helper()
	cmd := exec.Command("go", args...)
	cmd.Dir = filepath.Join("..", "..")
	out, err := cmd.Output()
	if err != nil {
		var exit *exec.ExitError
		if errors.As(err, &exit) {
			t.Fatalf("go %v: %v\n%s", args, err, exit.Stderr)
		}
		t.Fatalf("go %v: %v", args, err)
	}
	return string(out)
}

// isOlder compares semantic versions; a pre-release, such as a pseudo-version, is older than its release.
func isOlder(version, release string) (bool, error) {
	a, pre, err := parse(version)
	if err != nil {
		return false, err
	}
	b, _, err := parse(release)
	if err != nil {
		return false, err
	}
	for i := range a {
		if a[i] != b[i] {
			return a[i] < b[i], nil
		}
	}
	return pre, nil
}

func parse(version string) (numbers [3]int, prerelease bool, err error) {
	core, _, _ := strings.Cut(version, "+")
	core, _, prerelease = strings.Cut(core, "-")
	fields := strings.Split(strings.TrimPrefix(core, "v"), ".")
	if len(fields) != len(numbers) {
		return numbers, false, fmt.Errorf("%q is no version", version)
	}
	for i, field := range fields {
		if numbers[i], err = strconv.Atoi(field); err != nil {
			return numbers, false, fmt.Errorf("%q is no version: %w", version, err)
		}
	}
	return numbers, prerelease, nil
}

func TestIsOlder(t *testing.T) {
	for _, c := range []struct {
		version, release string
		want             bool
	}{
		{"v1.6.9", "v1.7.0", true},
		{"v1.7.0", "v1.7.0", false},
		{"v1.10.0", "v1.7.0", false},
		{"v2.0.0+incompatible", "v1.7.0", false},
		{"v0.0.0-20220412211240-33da011f77ad", "v0.1.0", true},
		{"v1.7.0-rc.1", "v1.7.0", true},
		{"v1.7.1-0.20260101000000-33da011f77ad", "v1.7.0", false},
	} {
		if got, err := isOlder(c.version, c.release); err != nil || got != c.want {
			t.Errorf("isOlder(%q, %q) = %v, %v, want %v", c.version, c.release, got, err, c.want)
		}
	}
	for _, bad := range []string{"", "v1", "v1.2", "v1.x.0", "main"} {
		if _, err := isOlder(bad, "v1.0.0"); err == nil {
			t.Errorf("isOlder(%q) does not fail", bad)
		}
	}
}
