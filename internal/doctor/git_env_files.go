package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// gitEnvFiles: no .env file of the current directory that git tracks holds a key. Compose and people read such files here,
// and the next push gives them to others.
func (w *World) gitEnvFiles(ctx context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	holding := w.envFilesWithKeys()
	if len(holding) == 0 {
		return Result{OK, "no key in a .env file of this directory", ""}
	}
	names := make([]string, len(holding))
	for i, file := range holding {
		names[i] = file.name
	}
	git, _ := w.lookPath("git")
	if git == "" || !inRepository(w.Dir) {
		return Result{OK, strings.Join(names, ", ") + " of this directory holds a key; git does not track it", ""}
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
			f.add(Failed, "git rm --cached -f "+shellquote.Word(file.name)+" && echo "+shellquote.Word(file.name)+" >> .gitignore",
				"%s:%d holds %s, and git tracks the file: once it was pushed, only a new key helps", file.name, file.line, file.what)
		case slices.Contains(open, file.name):
			f.add(Warning, "echo "+shellquote.Word(file.name)+" >> .gitignore", "%s:%d holds %s, and the next git add takes the file in", file.name, file.line, file.what)
		default:
			f.add(OK, "", "%s holds %s; git ignores it", file.name, file.what)
		}
	}
	return f.result(Result{})
}

// envFile is a file with a key in it.
type envFile struct {
	name string
	line int
	what string // the variable
}

func (w *World) envFilesWithKeys() []envFile {
	entries, err := os.ReadDir(w.Dir)
	if err != nil {
		return nil
	}
	var files []envFile
	for _, entry := range entries {
		name := entry.Name()
		if name != ".env" && !strings.HasPrefix(name, ".env.") && !strings.HasSuffix(name, ".env") {
			continue
		}
		text, err := readText(filepath.Join(w.Dir, name))
		if err != nil {
			continue
		}
		for _, a := range assignments(text) {
			relation, of := w.judge(a)
			// A value that differs from a stored one need not be a key: these files are full of placeholders.
			if relation == otherKey && !w.isKey(a) {
				continue
			}
			if relation != noKey {
				files = append(files, envFile{name, a.line, of})
				break
			}
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
