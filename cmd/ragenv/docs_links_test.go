package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode"
)

var (
	link    = regexp.MustCompile(`\]\(([^)#\s]*)(#[^)]*)?\)`)
	heading = regexp.MustCompile("(?m)^#+ (.*)$")
)

// anchors returns the anchors that GitHub gives to a page's headings.
func anchors(text []byte) map[string]bool {
	found := map[string]bool{}
	for _, m := range heading.FindAllSubmatch(text, -1) {
		name := strings.Map(func(r rune) rune {
			switch {
			case r == ' ':
				return '-'
			case r == '-' || r == '_' || unicode.IsLetter(r) || unicode.IsDigit(r):
				return unicode.ToLower(r)
			}
			return -1
		}, string(m[1]))
		found["#"+name] = true
	}
	return found
}

// The pages and headings that a page links to exist, and docs/README.md lists every page.
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
			target := page
			if m[1] != "" {
				target = filepath.Join(filepath.Dir(page), filepath.FromSlash(m[1]))
			}
			if _, err := os.Stat(target); err != nil {
				t.Errorf("%s links to %s, which is not there", strings.TrimPrefix(page, "../../"), m[1])
			} else if m[2] != "" && strings.HasSuffix(target, ".md") {
				linked, err := os.ReadFile(target)
				if err != nil {
					t.Fatal(err)
				}
				if !anchors(linked)[m[2]] {
					t.Errorf("%s links to %s%s, and there is no such heading", strings.TrimPrefix(page, "../../"), m[1], m[2])
				}
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
