// Package claims_test checks that the tests that documents name as evidence for a claim exist.
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

// documents lists the documents that name tests.
var documents = []string{"docs/testing.md", "docs/threat-model.md", "docs/claims.md", "SECURITY.md"}

var (
	declared = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)\w+)\(`)
	named    = regexp.MustCompile("`((?:Test|Fuzz)\\w+)`")
	script   = regexp.MustCompile("`([a-z_]+\\.txtar)`")
)

// tests returns the names of all tests and scripts in the repository, including the nested modules.
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

// row holds the trimmed cells of a row of a Markdown table.
type row []string

// tableBelow returns the body rows of the first table between a heading and the next one.
func tableBelow(t *testing.T, document, heading string) []row {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(root, document))
	if err != nil {
		t.Fatal(err)
	}
	_, section, ok := strings.Cut(string(text), heading+"\n")
	if !ok {
		t.Fatalf("%s has no %q", document, heading)
	}
	section, _, _ = strings.Cut(section, "\n#")
	var rows []row
	for line := range strings.Lines(section) {
		if !strings.HasPrefix(line, "|") {
			continue
		}
		cells := strings.Split(strings.Trim(strings.TrimSpace(line), "|"), "|")
		for i := range cells {
			cells[i] = strings.TrimSpace(cells[i])
		}
		rows = append(rows, cells)
	}
	if len(rows) < 3 {
		t.Fatalf("%s has no table below %q", document, heading)
	}
	return rows[2:]
}

// claimsOf returns the claims of the threat model, each with the cell that names its tests.
func claimsOf(t *testing.T) map[string]string {
	t.Helper()
	found := map[string]string{}
	for _, cells := range tableBelow(t, "docs/threat-model.md", "## How each claim is tested") {
		if found[cells[0]] != "" {
			t.Errorf("the claim %q is there twice", cells[0])
		}
		found[cells[0]] = cells[len(cells)-1]
	}
	if len(found) < 20 {
		t.Fatalf("only %d claims were found", len(found))
	}
	return found
}

// Each claim of the threat model is a row of its table, and the last cell names a test or a script.
func TestEachClaimHasATest(t *testing.T) {
	for claim, tests := range claimsOf(t) {
		if !named.MatchString(tests) && !script.MatchString(tests) {
			t.Errorf("no test is named for %q", claim)
		}
	}
}

// For each claim of the threat model, docs/claims.md shows that a test failed once when the claim was made
// false, or says how else it is known.
func TestEachClaimWasMadeFalse(t *testing.T) {
	claims, seen := claimsOf(t), map[string]bool{}
	for _, cells := range tableBelow(t, "docs/claims.md", "# Claims that were made false") {
		if len(cells) != 3 || cells[1] == "" || cells[2] == "" {
			t.Errorf("%q does not say what was broken, and what the test said", cells)
			continue
		}
		tests, isClaim := claims[cells[0]]
		if !isClaim {
			t.Errorf("%q is no claim of the threat model", cells[0])
		}
		noticed := false
		for _, m := range append(named.FindAllStringSubmatch(cells[2], -1), script.FindAllStringSubmatch(cells[2], -1)...) {
			noticed = noticed || strings.Contains(tests, "`"+m[1]+"`")
		}
		if isClaim && !noticed {
			t.Errorf("%q: what was noticed is by none of the tests %s", cells[0], tests)
		}
		seen[cells[0]] = true
	}
	for _, cells := range tableBelow(t, "docs/claims.md", "## Not made false") {
		if len(cells) != 2 || cells[1] == "" || claims[cells[0]] == "" || seen[cells[0]] {
			t.Errorf("%q is no claim, has no reason, or was made false", cells)
		}
		seen[cells[0]] = true
	}
	for claim := range claims {
		if !seen[claim] {
			t.Errorf("docs/claims.md does not have the claim %q", claim)
		}
	}
}
