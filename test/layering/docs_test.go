package layering_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// TestLayoutIsWhole checks that docs/architecture.md lists every package of the tree and no others.
func TestLayoutIsWhole(t *testing.T) {
	root := filepath.Join("..", "..")
	text := readDoc(t, "docs/architecture.md")
	listed := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)^((?:cmd|internal|pkg|test|scripts|action|packaging)/\S*)\s{2,}\S`).FindAllStringSubmatch(text, -1) {
		dir := strings.TrimSuffix(match[1], "/")
		if listed[dir] {
			t.Errorf("docs/architecture.md lists %s twice", dir)
		}
		listed[dir] = true
		if _, err := os.Stat(filepath.Join(root, dir)); err != nil {
			t.Errorf("docs/architecture.md lists %s: %v", dir, err)
		}
	}
	for _, pkg := range list(t, "linux", "./...") {
		if dir := strings.TrimPrefix(pkg.ImportPath, module+"/"); !listed[dir] {
			t.Errorf("docs/architecture.md has no line for %s", dir)
		}
	}
}

// TestPlacesExist checks that every file named in CONTRIBUTING's tables exists.
func TestPlacesExist(t *testing.T) {
	_, text, found := strings.Cut(readDoc(t, "CONTRIBUTING.md"), "\n## Find your way around\n")
	text, _, ends := strings.Cut(text, "\n## Rules for a change\n")
	if !found || !ends {
		t.Fatal("CONTRIBUTING.md has no section Find your way around")
	}
	named := 0
	for _, match := range regexp.MustCompile("`((?:cmd|internal|pkg|docs|test)/[^`]*)`").FindAllStringSubmatch(text, -1) {
		named++
		if _, err := os.Stat(filepath.Join("..", "..", match[1])); err != nil {
			t.Errorf("CONTRIBUTING.md names %s: %v", match[1], err)
		}
	}
	if named < 15 {
		t.Errorf("CONTRIBUTING.md names %d places", named)
	}
}

func readDoc(t *testing.T, path string) string {
	t.Helper()
	data, err := os.ReadFile(filepath.Join("..", "..", filepath.FromSlash(path)))
	if err != nil {
		t.Fatal(err)
	}
	return string(data)
}
