package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// gitEnvFiles: no .env file of the current directory that git tracks holds a key. Compose and people read such files here,
// and the next push gives them to others.
func (w *World) gitEnvFiles(ctx context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	holding := w.envFilesWithKeys(ctx)
	if len(holding) == 0 {
		return Result{OK, "no key in the .env, .envrc and Compose files in and below this directory", ""}
	}
	var names []string
	for _, file := range holding {
		if !slices.Contains(names, file.name) {
			names = append(names, file.name)
		}
	}
	git, _ := w.lookPath("git")
	if git == "" || !inRepository(w.Dir) {
		var f findings
		for _, file := range holding {
			f.add(Warning, file.removal, "%s:%d holds %s in plain text", file.name, file.line, file.what)
		}
		return f.result(Result{})
	}
	tracked, err := w.gitFiles(ctx, git, names, "--cached")
	if err != nil {
		return Result{Warning, "git does not say whether it tracks " + strings.Join(names, ", ") + ", which holds a key", "git ls-files -- " + shellquote.Word(names[0])}
	}
	open, err := w.gitFiles(ctx, git, names, "--others", "--exclude-standard")
	if err != nil {
		open = nil
	}
	var f findings
	for _, file := range holding {
		switch {
		case slices.Contains(tracked, file.name):
			f.add(Failed, file.removal, "%s:%d holds %s, and git tracks the file: once it was pushed, only a new key helps", file.name, file.line, file.what)
		case slices.Contains(open, file.name):
			f.add(Warning, file.removal, "%s:%d holds %s, and the next git add takes the file in", file.name, file.line, file.what)
		default:
			f.add(Warning, file.removal, "%s:%d holds %s in plain text; git ignores it", file.name, file.line, file.what)
		}
	}
	return f.result(Result{})
}

// envFile is a file with a key in it.
type envFile struct {
	name    string
	line    int
	what    string // the variable
	removal string // the command that removes it
}

// envFilesWithKeys returns the keys in the files of the current directory and below it.
func (w *World) envFilesWithKeys(ctx context.Context) []envFile {
	var files []envFile
	for _, k := range w.keysIn(w.scan(ctx).in(places.EnvFile)) {
		name, err := filepath.Rel(w.Dir, k.Path)
		if err != nil || !filepath.IsLocal(name) {
			continue
		}
		if k.relation == otherKey && k.Name == "" {
			continue
		}
		if isThere := slices.ContainsFunc(files, func(f envFile) bool { return f.name == name && f.line == k.Line && f.what == k.of }); !isThere {
			files = append(files, envFile{name, k.Line, k.of, w.removal(k)})
		}
	}
	return files
}

// gitFiles returns those of the files that "git ls-files" names. Git runs nothing that the repository says.
func (w *World) gitFiles(ctx context.Context, git string, names []string, options ...string) ([]string, error) {
	args := append([]string{"-c", "core.fsmonitor=false", "--literal-pathspecs", "ls-files", "-z"}, options...)
	args = append(append(args, "--"), names...)
	out, err := w.run(ctx, w.Dir, git, args...)
	if err != nil {
		return nil, fmt.Errorf("git ls-files: %w", err)
	}
	return strings.Split(out, "\x00"), nil
}

// inRepository tells whether git would find a repository from dir upwards.
func inRepository(dir string) bool {
	for {
		if _, err := os.Lstat(filepath.Join(dir, ".git")); err == nil {
			return true
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			return false
		}
		dir = parent
	}
}
