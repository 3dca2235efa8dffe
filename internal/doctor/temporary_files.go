package doctor

import (
	"cmp"
	"context"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/keyfile"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// staleAfter is the age after which no write can still be in progress.
const staleAfter = time.Hour

// temporaryFiles checks that no interrupted write left a file behind. One next to config.json may contain
// its logins, and one of ragenv --temp-files contains keys.
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
		matches, _ := filepath.Glob(pattern) // the pattern is well formed
		for _, path := range matches {
			info, err := os.Lstat(path)
			if err != nil || !info.Mode().IsRegular() || w.Now().Sub(info.ModTime()) < staleAfter {
				continue
			}
			f.add(Warning, "rm -- "+shellquote.Word(path), "%s was left behind by a write that was cut short", w.Paths.Tilde(path))
		}
	}
	for _, parent := range []string{w.Getenv("XDG_RUNTIME_DIR"), cmp.Or(w.Getenv("TMPDIR"), os.TempDir())} {
		if !filepath.IsAbs(parent) {
			continue
		}
		matches, _ := filepath.Glob(filepath.Join(escapeGlob(parent), keyfile.TemporaryPrefix+"*"))
		for _, dir := range matches {
			info, err := os.Lstat(dir)
			if err != nil || !info.IsDir() {
				continue
			}
			if _, ours := ownership(info); ours && keyfile.Abandoned(dir) {
				f.add(Warning, "rm -r -- "+shellquote.Word(dir), "%s was left behind by ragenv --temp-files, which was killed, and holds keys in plain text", w.Paths.Tilde(dir))
			}
		}
	}
	return f.result(Result{OK, "none left behind", ""})
}

// escapeGlob escapes a directory's name for use in a pattern.
func escapeGlob(dir string) string {
	if runtime.GOOS == "windows" {
		return dir // Match has no escapes here
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
