package doctor

import (
	"context"
	"fmt"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// startupNames are the files, below the home directory, from which shells and login sessions take variables.
var startupNames = []string{
	".profile", ".bashrc", ".bash_profile", ".bash_login", ".bash_aliases", ".zshrc", ".zprofile", ".zshenv", ".zlogin",
	".kshrc", ".cshrc", ".tcshrc", ".pam_environment", ".xprofile", ".xsessionrc",
	".config/fish/config.fish", ".config/fish/conf.d/*.fish", ".config/fish/fish_variables", ".config/environment.d/*.conf",
}

// systemStartupFiles are those of the whole system.
var systemStartupFiles = []string{
	"/etc/environment", "/etc/profile", "/etc/profile.d/*.sh", "/etc/bash.bashrc", "/etc/bashrc", "/etc/zsh/zshrc", "/etc/zsh/zshenv",
	"/etc/zshrc", "/etc/zshenv", "/etc/zprofile", "/etc/fish/config.fish",
}

// startupFiles: no shell start-up file holds a key. One that does is read by every program of the person's, and a stale one
// beats the stored key wherever ragenv is not used.
func (w *World) startupFiles(context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	var f findings
	paths := w.startupPaths()
	for _, path := range paths {
		text, err := readText(path)
		if err != nil {
			continue // not there, or nobody's start-up file
		}
		for _, a := range assignments(text) {
			relation, of := w.judge(a)
			place := fmt.Sprintf("%s:%d", w.tilde(path), a.line)
			edit := fmt.Sprintf("${EDITOR:-vi} +%d %s", a.line, shellquote.Word(path)) // to delete the line
			unset := ""
			if a.name != "" {
				unset = " && unset " + a.name
			}
			switch {
			case relation == otherKey && of == a.name:
				f.add(Warning, edit+unset, "%s sets %s to another value than the stored one: delete that line", place, a.name)
			case relation == otherKey:
				f.add(Warning, edit+unset, "%s sets %s to another value than the stored %s: delete that line", place, a.name, of)
			case relation == storedKey:
				f.add(Warning, edit+unset, "%s holds the stored %s in plain text: delete that line", place, of)
			case relation == strayKey:
				f.add(Warning, "ragenv set"+w.forProfile()+" "+settable(a.name)+" && "+edit, "%s holds %s in plain text: store it, and delete that line", place, of)
			}
		}
	}
	return f.result(Result{OK, "no key in " + count(len(paths), "shell start-up file"), ""})
}

func settable(name string) string {
	if name == "" {
		return secrets.NGCAPIKey
	}
	return name
}

// startupPaths returns the files that are there.
func (w *World) startupPaths() []string {
	var patterns []string
	add := func(dir string, names []string) {
		for _, name := range names {
			patterns = append(patterns, filepath.Join(escapeGlob(dir), filepath.FromSlash(name)))
		}
	}
	add(w.Paths.Home, startupNames)
	if dir := w.Getenv("ZDOTDIR"); filepath.IsAbs(dir) {
		add(dir, []string{".zshrc", ".zprofile", ".zshenv", ".zlogin"})
	}
	if dir := w.Getenv("XDG_CONFIG_HOME"); filepath.IsAbs(dir) {
		add(dir, []string{"fish/config.fish", "fish/conf.d/*.fish", "fish/fish_variables", "environment.d/*.conf"})
	}
	system := w.SystemFiles
	if system == nil && runtime.GOOS != "windows" {
		system = systemStartupFiles
	}
	var paths []string
	for _, pattern := range append(patterns, system...) {
		matches, _ := filepath.Glob(pattern) // the patterns are well-formed
		for _, path := range matches {
			if !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// escapeGlob keeps a directory's own characters from being taken for a pattern's.
func escapeGlob(dir string) string {
	if runtime.GOOS == "windows" {
		return dir // where Match has no escapes
	}
	return strings.NewReplacer(`\`, `\\`, `*`, `\*`, `?`, `\?`, `[`, `\[`).Replace(dir)
}
