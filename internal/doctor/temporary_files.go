package doctor

import (
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// staleAfter is the age from which no write can still be under way.
const staleAfter = time.Hour

// temporaryFiles: no write that was cut short left a file behind. What is next to config.json can hold its logins.
func (w *World) temporaryFiles(context.Context) Result {
	docker := w.dockerConfigPath()
	var f findings
	for _, pattern := range []string{
		filepath.Join(escapeGlob(filepath.Dir(docker)), ".config.json.tmp-*"), // atomicfile's
		filepath.Join(escapeGlob(filepath.Dir(docker)), "config.json[0-9]*"),  // Docker's own
		filepath.Join(escapeGlob(filepath.Dir(w.Paths.ConfigFile)), ".*.tmp-*"),
		filepath.Join(escapeGlob(w.Paths.State), ".*.tmp-*"),
		filepath.Join(escapeGlob(w.Paths.Store), ".tmp"), // agestore's
		filepath.Join(escapeGlob(w.Paths.Store), "items", ".tmp"),
	} {
		matches, _ := filepath.Glob(pattern) // well-formed
		for _, path := range matches {
			info, err := os.Lstat(path)
			if err != nil || !info.Mode().IsRegular() || w.Now().Sub(info.ModTime()) < staleAfter {
				continue
			}
			f.add(Warning, "rm -- "+shellquote.Word(path), "%s was left behind by a write that was cut short", w.tilde(path))
		}
	}
	return f.result(Result{OK, "none left behind", ""})
}

// escapeGlob keeps a directory's own characters from being taken for a pattern's.
func escapeGlob(dir string) string {
	if runtime.GOOS == "windows" {
		return dir // where Match has no escapes
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
