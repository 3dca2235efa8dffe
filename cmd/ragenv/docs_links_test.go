package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var link = regexp.MustCompile(`\]\(([^)#\s]+)(#[^)]*)?\)`)

// The pages are one tree: what a page links to is there, and docs/README.md lists every page.
func TestDocumentsLinkWhatIsThere(t *testing.T) {
	listed := map[string]bool{}
	checked := 0
	pages := append(documents(t), "../../CONTRIBUTING.md", "../../CODE_OF_CONDUCT.md", "testdata/formats/README.md")
	for _, page := range pages {
		text, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range link.FindAllStringSubmatch(string(text), -1) {
			if strings.Contains(m[1], "://") {
				continue
			}
			target := filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", strings.TrimPrefix(page, "../../"), m[1])
			}
			if page == filepath.FromSlash("../../docs/README.md") {
				listed[target] = true
			}
			checked++
		}
	}
	for _, page := range documents(t) {
		if dir, name := filepath.Split(page); name != "README.md" && !listed[filepath.Clean(page)] {
			t.Errorf("docs/README.md does not list %s%s", strings.TrimPrefix(dir, "../../"), name)
		}
	}
	if checked < 20 {
		t.Errorf("only %d links were found", checked)
	}
}
