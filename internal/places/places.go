// Package places is the table of places outside the keychain where keys remain in plain text: shell startup
// files and histories, .env files, and the configuration of other programs. ragenv doctor, ragenv import
// and ragenv where all use it.
package places

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/dotenv"
	"github.com/ragenv/ragenv/internal/readfile"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Finding is one value in one place. A place reports every value that may be a key; the caller decides
// which ones are.
type Finding struct {
	Place string // the place's name in the table, such as "ngc-cli"; stable, part of `where --json`
	Path  string // the file, absolute
	Line  int    // the value's line, counted from 1; 0 if the format has no lines
	Name  string // the file's name for the value: a variable, "apikey", "auths nvcr.io"; "" if it has none
	// Value is decoded as the file's program would read it, without quotes, base64 or a user name before a
	// colon. For a file without structure, such as a shell history, it is the whole line.
	Value keychain.Secret
	// Fix removes the value from the file. It is a command to paste into a POSIX shell, or a short sentence
	// if no command is safe.
	Fix string
	// Wins reports whether a program that uses this file prefers this value to ragenv's, as with an
	// env_file of Compose.
	Wins bool

	last int // in a history: the last line of the command; otherwise 0
}

const noPermission = "permission denied"

// Unread is a file or directory that could not be searched completely.
type Unread struct {
	Path   string // a file or directory, absolute
	Reason string // lower case, no full stop: "permission denied", "larger than 1 MiB", "more than 2000 files"
}

// Options define where to search.
type Options struct {
	Home   string                   // the home directory, absolute
	Dir    string                   // the current directory, absolute; .env and Compose files above and below it count
	Paths  []string                 // more directories or files to search, absolute
	Getenv func(name string) string // the environment, which changes the location of some places
	// System are the system-wide startup files. Nil means those of this operating system.
	System []string
}

// Scan searches every place and calls found for each value, one at a time, in the order of the table. It
// reads a limited amount, and a FIFO or a dead mount never blocks it after ctx ends.
//
// searched describes for the user what was searched ("~/.netrc", "shell histories", ".env files in and
// below /srv/rag"), whether or not it exists. unread is what could not be searched.
func Scan(ctx context.Context, opts Options, found func(Finding)) (searched []string, unread []Unread) {
	type result struct {
		findings []Finding
		unread   []Unread
	}
	if opts.Getenv == nil {
		opts.Getenv = func(string) string { return "" }
	}
	if opts.System == nil && runtime.GOOS != "windows" {
		opts.System = systemStartupFiles
	}
	for i := range table {
		place := &table[i]
		searched = append(searched, place.Title(opts))
		done := make(chan result, 1) // a read on a dead mount cannot be stopped, only abandoned
		go func() {
			var r result
			r.findings, r.unread = place.scan(ctx, opts)
			done <- r
		}()
		select {
		case r := <-done:
			for _, finding := range r.findings {
				found(finding)
			}
			unread = append(unread, r.unread...)
		case <-ctx.Done():
			return searched, append(unread, Unread{Path: opts.Home, Reason: "out of time before " + place.Title(opts) + " was searched"})
		}
	}
	return searched, unread
}

// scan reads the files of one place.
func (p *Place) scan(ctx context.Context, opts Options) (findings []Finding, unread []Unread) {
	paths, unread := p.files(ctx, opts)
	limit := int64(maxFile)
	if p.Name == History {
		limit = maxHistory
	}
	for _, path := range paths {
		if ctx.Err() != nil {
			return findings, append(unread, Unread{path, "out of time"})
		}
		text, err := readText(path, limit)
		if err != nil {
			if reason := whyUnread(err); reason != "" {
				unread = append(unread, Unread{path, reason})
			}
			continue
		}
		values := p.read(path, text)
		wins := len(values) > 0 && p.wins != nil && p.wins(opts, path)
		for _, f := range values {
			f.Place, f.Path, f.Wins = p.Name, path, wins
			if f.Fix == "" {
				f.Fix = p.fix(path, f)
			}
			findings = append(findings, f)
		}
	}
	return findings, unread
}

// whyUnread describes a read error. It is "" for a file that does not exist or is not of the place's kind.
func whyUnread(err error) string {
	var irregular *readfile.NotRegularError
	switch {
	case errors.Is(err, fs.ErrNotExist), errors.As(err, &irregular), errors.Is(err, errNotText):
		return ""
	case errors.Is(err, fs.ErrPermission):
		return noPermission
	case errors.Is(err, readfile.ErrTooLarge):
		return "too large"
	}
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		err = pathError.Err
	}
	return err.Error()
}

// existing returns the files that match the patterns, each once. Patterns are absolute; their last elements
// may contain "*".
func existing(patterns []string) []string {
	var paths []string
	for _, pattern := range patterns {
		matches := []string{pattern}
		if strings.ContainsRune(filepath.Base(pattern), '*') {
			matches = nil
			dir := filepath.Dir(pattern)
			entries, err := os.ReadDir(dir)
			if err != nil {
				continue
			}
			for _, entry := range entries {
				if ok, _ := filepath.Match(filepath.Base(pattern), entry.Name()); ok {
					matches = append(matches, filepath.Join(dir, entry.Name()))
				}
			}
		}
		for _, path := range matches {
			if _, err := os.Lstat(path); err == nil && !slices.Contains(paths, path) {
				paths = append(paths, path)
			}
		}
	}
	return paths
}

// readDocker reads the logins in a file of Docker's format.
func readDocker(path string, text []byte) []Finding {
	file, err := dockerconfig.Parse(path, text)
	if err != nil {
		return nil
	}
	var findings []Finding
	for _, auth := range file.PlaintextAuths() {
		findings = append(findings, Finding{Line: file.AuthLine(auth.Server), Name: "auths " + auth.Server, Value: auth.Secret})
	}
	return findings
}

// readWith returns a function that reads a file in this format.
func readWith(format *Format) func(string, []byte) []Finding {
	return func(_ string, text []byte) []Finding {
		var findings []Finding
		for _, v := range format.Read(text) {
			findings = append(findings, Finding{Line: v.Line, Name: v.Label, Value: keychain.NewSecret(v.Value)})
		}
		return findings
	}
}

// readVariables reads assignments wherever they are in the text. If import does not accept one, such as a
// default, the fix is to open an editor.
func readVariables(path string, text []byte) []Finding {
	var findings []Finding
	var taken func(Assignment) bool
	for _, a := range Assignments(string(text)) {
		if taken == nil {
			taken = importTakes(path, text)
		}
		f := Finding{Line: a.Line, Name: a.Name, Value: keychain.NewSecret(a.Value)}
		if !taken(a) {
			f.Fix = shellquote.Edit(path, a.Line)
		}
		findings = append(findings, f)
	}
	return findings
}

// importTakes returns a function that reports whether import accepts an assignment of this file or asks how
// to read it.
func importTakes(path string, text []byte) func(Assignment) bool {
	if format := FormatOf(path, text); format != nil {
		values := format.Read(text)
		return func(a Assignment) bool {
			return slices.ContainsFunc(values, func(v Value) bool { return v.Line == a.Line && v.Name == a.Name && v.Value == a.Value && v.Removable() })
		}
	}
	entries, _ := dotenv.Parse(text)
	return func(a Assignment) bool {
		return slices.ContainsFunc(entries, func(e dotenv.Entry) bool {
			return e.Line == a.Line && e.Name == a.Name && (e.Differs != nil || e.Literal && e.Value == a.Value)
		})
	}
}

// Shared reports whether import stores the value of a variable but cannot remove it, because its line has more
// on it.
func Shared(f Finding) bool {
	text, err := readText(f.Path, maxFile)
	if err != nil {
		return false
	}
	entries, _ := dotenv.Parse(text)
	i := slices.IndexFunc(entries, func(e dotenv.Entry) bool { return e.Line == f.Line && e.Name == f.Name })
	if i < 0 {
		return false
	}
	_, err = dotenv.Remove(text, entries[i:i+1])
	return err != nil
}

// JoinFixes gives all findings in one shell history a single command for all lines, because deleting a line
// renumbers those after it.
func JoinFixes(findings []*Finding) {
	lines := map[string][][2]int{}
	for _, f := range findings {
		if span := [2]int{f.Line, f.last}; f.last > 0 && !slices.Contains(lines[f.Path], span) {
			lines[f.Path] = append(lines[f.Path], span)
		}
	}
	for _, f := range findings {
		if f.last > 0 {
			f.Fix = deleteLines(f.Path, lines[f.Path])
		}
	}
}

// importLine returns the command that stores the keys of a file and removes them from it.
func importLine(path string) string { return "ragenv import " + quoted(path) + " --remove" }

func byImport(path string, _ Finding) string { return importLine(path) }
func byHand(path string, f Finding) string   { return shellquote.Edit(path, f.Line) }
