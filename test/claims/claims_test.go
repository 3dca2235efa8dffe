// Package claims_test holds the documents to the tests: what they name as the test of a claim must be there.
package claims_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

const root = "../.."

// The documents that name tests.
var documents = []string{"docs/testing.md", "docs/threat-model.md", "SECURITY.md"}

var (
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	named    = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	script   = regexp.MustCompile("`([a-z_]+\\.txtar)`")
)

// tests returns the names of all tests and scripts of the repository, the nested modules' included.
func tests(t *testing.T) map[string]bool {
	t.Helper()
	found := map[string]bool{}
	err := filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "..":
			return fs.SkipDir
		case strings.HasSuffix(path, ".txtar"):
			found[entry.Name()] = true
		case strings.HasSuffix(path, "_test.go"):
			text, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			for _, m := range declared.FindAllStringSubmatch(string(text), -1) {
				found[m[1]] = true
			}
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func TestNamedTestsExist(t *testing.T) {
	found := tests(t)
	if len(found) < 100 {
		t.Fatalf("only %d tests were found", len(found))
	}
	for _, document := range documents {
		text, err := os.ReadFile(filepath.Join(root, document))
		if err != nil {
			t.Fatal(err)
		}
		names := append(named.FindAllStringSubmatch(string(text), -1), script.FindAllStringSubmatch(string(text), -1)...)
		for _, m := range names {
			if !found[m[1]] {
				t.Errorf("%s names %s, which does not exist", document, m[1])
			}
		}
		t.Logf("%s names %d tests", document, len(names))
	}
}

// Each claim of the threat model is a row of its table, with a test or a script in its last cell.
func TestEachClaimHasATest(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, "docs/threat-model.md"))
	if err != nil {
		t.Fatal(err)
	}
	_, table, ok := strings.Cut(string(text), "## How each claim is tested")
	if !ok {
		t.Fatal("docs/threat-model.md has no table of claims")
	}
	claims := 0
	for line := range strings.Lines(table) {
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		if !strings.HasPrefix(line, "|") || strings.HasPrefix(cells[0], "---") || strings.TrimSpace(cells[0]) == "claim" {
			continue
		}
		claims++
		if last := cells[len(cells)-1]; !named.MatchString(last) && !script.MatchString(last) {
			t.Errorf("no test is named for %q", strings.TrimSpace(cells[0]))
		}
	}
	if claims < 20 {
		t.Errorf("only %d claims were found", claims)
	}
}
