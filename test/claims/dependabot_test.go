package claims_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestDependabotCoversEveryModule checks that Dependabot updates every module, as docs/architecture.md
// says.
func TestDependabotCoversEveryModule(t *testing.T) {
	text, err := os.ReadFile(filepath.Join(root, ".github", "dependabot.yml"))
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`package-ecosystem: gomod\n +directories: \[(.*)\]`).FindSubmatch(text)
	if match == nil {
		t.Fatal("dependabot.yml lists no directories of Go modules in one line")
	}
	covered := strings.Split(string(match[1]), ", ")
	var modules []string
	err = filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && strings.HasPrefix(entry.Name(), ".") && entry.Name() != "..":
			return fs.SkipDir
		case entry.Name() == "go.mod":
			dir, err := filepath.Rel(root, filepath.Dir(path))
			if err != nil {
				return err
			}
			modules = append(modules, strings.TrimSuffix("/"+filepath.ToSlash(dir), "."))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(covered)
	slices.Sort(modules)
	if !slices.Equal(covered, modules) {
		t.Errorf("dependabot.yml covers %q, the modules are %q", covered, modules)
	}
}
