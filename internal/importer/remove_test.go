package importer

import (
	"os"
	"path/filepath"
	"testing"
)

// The note about a repository's history is better printed in vain than missing.
func TestInRepository(t *testing.T) {
	for name, tc := range map[string]struct {
		create func(t *testing.T, git string)
		want   bool
	}{
		"none":         {func(*testing.T, string) {}, false},
		"a directory":  {func(t *testing.T, git string) { must(t, os.Mkdir(git, 0o700)) }, true},
		"a worktree":   {func(t *testing.T, git string) { must(t, os.WriteFile(git, []byte("gitdir: /x\n"), 0o600)) }, true},
		"another file": {func(t *testing.T, git string) { must(t, os.WriteFile(git, nil, 0o600)) }, true},
		"a link to no directory": {func(t *testing.T, git string) {
			if err := os.Symlink("/nonexistent", git); err != nil {
				t.Skip(err)
			}
		}, true},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			tc.create(t, filepath.Join(dir, ".git"))
			below := filepath.Join(dir, "deploy")
			must(t, os.Mkdir(below, 0o700))
			for _, path := range []string{filepath.Join(dir, ".env"), filepath.Join(below, ".env")} {
				if got := inRepository(path); got != tc.want {
					t.Errorf("%s: %v, want %v", path, got, tc.want)
				}
			}
			t.Chdir(below)
			if got := inRepository(".env"); got != tc.want {
				t.Errorf("by a relative path: %v, want %v", got, tc.want)
			}
		})
	}
}

func must(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
