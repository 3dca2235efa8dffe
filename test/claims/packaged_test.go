package claims

import (
	"os"
	"path"
	"regexp"
	"strings"
	"testing"
)

// TestArchivesHoldWhatTheREADMELinksTo checks that the README's links also work in an unpacked release.
func TestArchivesHoldWhatTheREADMELinksTo(t *testing.T) {
	readme, err := os.ReadFile("../../README.md")
	if err != nil {
		t.Fatal(err)
	}
	release, err := os.ReadFile("../../.goreleaser.yaml")
	if err != nil {
		t.Fatal(err)
	}
	_, archives, _ := strings.Cut(string(release), "\narchives:")
	archives, packages, found := strings.Cut(archives, "\nnfpms:")
	if !found {
		t.Fatal("no archives and packages in .goreleaser.yaml")
	}
	packages, _, _ = strings.Cut(packages, "\nsboms:")
	source := regexp.MustCompile(`src: "?([^",]+)"?,`)
	links := regexp.MustCompile(`\]\(([^)#:]+)(?:#[^)]*)?\)`).FindAllStringSubmatch(string(readme), -1)
	if len(links) < 5 {
		t.Fatalf("%d links in README.md", len(links))
	}
	for _, link := range links {
		for where, part := range map[string]string{"archives": archives, "packages": packages} {
			holds := false
			for _, src := range source.FindAllStringSubmatch(part, -1) {
				if matched, err := path.Match(src[1], link[1]); err == nil && matched {
					holds = true
				}
			}
			if !holds {
				t.Errorf("the %s do not hold %s, which README.md links to", where, link[1])
			}
		}
	}
}
