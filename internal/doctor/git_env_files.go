package doctor

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/gitindex"
	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// gitEnvFiles checks that git tracks no .env file with a key in the current directory. Compose and users
// read such files here, and the next push would publish them.
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
	tracked, err := gitindex.Tracked(w.Dir, names)
	if errors.Is(err, gitindex.ErrNoRepository) {
		var f findings
		for _, file := range holding {
			f.add(Warning, file.removal, "%s:%d holds %s in plain text", file.name, file.line, file.what)
		}
		return f.joined(Result{})
	}
	if err != nil {
		return Result{Warning, "could not check whether git tracks " + strings.Join(names, ", ") + ", which holds a key: " + err.Error(),
			"git ls-files -- " + shellquote.Word(names[0])}
	}
	git, _ := w.lookPath("git")
	var f findings
	for _, file := range holding {
		switch {
		case slices.Contains(tracked, file.name):
			f.add(Failed, file.removal, "%s:%d holds %s, and git tracks the file: once it was pushed, only a new key helps", file.name, file.line, file.what)
		case !w.gitIgnores(ctx, git, file.name):
			f.add(Warning, file.removal, "%s:%d holds %s, and the next git add takes the file in", file.name, file.line, file.what)
		default:
			f.add(Warning, file.removal, "%s:%d holds %s in plain text; git ignores it", file.name, file.line, file.what)
		}
	}
	return f.joined(Result{})
}

// envFile is a file that contains a key.
type envFile struct {
	name    string
	line    int
	what    string // the variable
	removal string // command that removes the key
}

// envFilesWithKeys returns the keys in the files of the current directory and its subdirectories.
func (w *World) envFilesWithKeys(ctx context.Context) []envFile {
	var files []envFile
	keys := w.keysIn(w.scan(ctx).in(places.EnvFile))
	hints := w.removals(keys)
	for i, k := range keys {
		name, err := filepath.Rel(w.Dir, k.Path)
		if err != nil || !filepath.IsLocal(name) {
			continue
		}
		if isThere := slices.ContainsFunc(files, func(f envFile) bool { return f.name == name && f.line == k.Line && f.what == k.of }); !isThere {
			files = append(files, envFile{name, k.Line, k.of, hints[i]})
		}
	}
	return files
}

// gitIgnores reports whether git ignores a file; false without git. Unlike other git commands, this one
// reads no index and no object, and runs nothing that the repository configures.
func (w *World) gitIgnores(ctx context.Context, git, name string) bool {
	if git == "" {
		return false
	}
	_, err := w.run(ctx, w.Dir, git, "-c", "core.fsmonitor=false", "-c", "core.hooksPath="+os.DevNull, "--no-pager", "check-ignore", "--no-index", "--quiet", "--", name)
	return err == nil
}
