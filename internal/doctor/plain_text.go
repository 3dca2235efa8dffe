package doctor

import (
	"context"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// scanned is what the table of places has, searched once for all checks.
type scanned struct {
	findings []places.Finding
	searched []string
	unread   []places.Unread
}

// scan searches the places.
func (w *World) scan(ctx context.Context) *scanned {
	w.scanOnce.Do(func() {
		s := &scanned{}
		options := places.Options{Home: w.Paths.Home, Dir: w.Dir, Getenv: w.Getenv, System: w.SystemFiles}
		s.searched, s.unread = places.Scan(ctx, options, func(f places.Finding) { s.findings = append(s.findings, f) })
		w.scanResult = s
	})
	return w.scanResult
}

// in returns what was found in one place.
func (s *scanned) in(place string) []places.Finding {
	return slices.DeleteFunc(slices.Clone(s.findings), func(f places.Finding) bool { return f.Place != place })
}

// judged is a finding that is a key.
type judged struct {
	places.Finding
	relation relation
	of       string // the stored name that it is, or should be; for a strayKey the variable
}

// keysIn returns those of findings that are keys, one for each value of a line.
func (w *World) keysIn(findings []places.Finding) []judged {
	var keys []judged
	for _, f := range findings {
		for _, a := range w.valuesOf(f) {
			r, of := w.judge(a)
			// A value that differs from a stored one need not be a key: files are full of placeholders.
			if r == noKey || r == otherKey && f.Place != places.Startup && !w.isKey(a) {
				continue
			}
			f := f
			f.Name = a.Name
			isThere := slices.ContainsFunc(keys, func(k judged) bool { return k.Path == f.Path && k.Line == f.Line && k.of == of && k.relation == r })
			if !isThere {
				keys = append(keys, judged{f, r, of})
			}
		}
	}
	return keys
}

// valuesOf returns the values of a finding: one, or those of a line of a history.
func (w *World) valuesOf(f places.Finding) []places.Assignment {
	if f.Place == places.History {
		return places.Assignments(f.Value.Reveal())
	}
	name := f.Name
	if !secrets.ValidName(name) {
		name = "" // a label, such as "apikey of [CURRENT]"
	}
	return []places.Assignment{{Line: f.Line, Name: name, Value: f.Value.Reveal()}}
}

// at names the place of a finding for people.
func (w *World) at(f places.Finding) string {
	if f.Line == 0 {
		return w.tilde(f.Path)
	}
	return fmt.Sprintf("%s:%d", w.tilde(f.Path), f.Line)
}

// removal is the command that removes a key where it was found, and stores it where nothing is stored yet.
func (w *World) removal(k judged) string {
	byHand := shellquote.Edit(k.Path, max(k.Line, 1))
	importLine, isImport := strings.CutPrefix(k.Fix, "ragenv import ")
	if !isImport {
		return k.Fix
	}
	isVariables := k.Place == places.Startup || k.Place == places.EnvFile
	only := ""
	switch _, isKnown := secrets.Lookup(k.Name); {
	case k.relation == otherKey: // import replaces nothing
		return byHand
	case isVariables && k.Name == "" && !strings.Contains(importLine, "&&"): // in a comment, or a command's argument
		return byHand
	case isVariables && k.Name != "" && !isKnown && k.relation == strayKey:
		only = " --only " + k.Name
	case isVariables && k.Name != "" && !isKnown && k.of != k.Name:
		return byHand
	case isVariables && k.Name != "" && !isKnown:
		only = " --only " + k.Name
	}
	return "ragenv import" + w.forProfile() + only + " " + importLine
}

// describe says what a key is, after its place.
func (k judged) describe() string {
	switch {
	case k.relation == storedKey:
		return "holds the stored " + k.of + " in plain text"
	case k.relation == otherKey && k.of == k.Name:
		return "sets " + k.Name + " to another value than the stored one: delete that line"
	case k.relation == otherKey:
		return "sets " + k.Name + " to another value than the stored " + k.of + ": delete that line"
	}
	return "holds " + k.of + " in plain text"
}

// checkedElsewhere are the places that have checks of their own.
var checkedElsewhere = []string{places.Docker, places.Podman, places.Startup, places.EnvFile}

// plainTextKeys: no other program's file, and no shell history, holds a key. Start-up files, Docker's config.json and the
// files of a repository have checks of their own.
func (w *World) plainTextKeys(ctx context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	var f findings
	s := w.scan(ctx)
	keys := slices.DeleteFunc(w.keysIn(s.findings), func(k judged) bool {
		return slices.Contains(checkedElsewhere, k.Place) && !places.IsSnap(k.Path)
	})
	joined := make([]*places.Finding, len(keys))
	for i := range keys {
		joined[i] = &keys[i].Finding
	}
	places.JoinFixes(joined)
	for _, k := range keys {
		f.add(Warning, w.removal(k), "%s %s", w.at(k.Finding), k.describe())
	}
	for _, u := range s.unread {
		f.add(Warning, "ls -ld "+shellquote.Word(u.Path), "%s was not searched: %s", w.tilde(u.Path), u.Reason)
	}
	return f.joined(Result{OK, "no key in " + w.tildes(strings.Join(searchedHere(s.searched), ", ")), ""})
}

// searchedHere omits the places that other checks report on.
func searchedHere(searched []string) (names []string) {
	for i, place := range places.Table() {
		if i < len(searched) && !slices.Contains(checkedElsewhere, place.Name) { // both are in the order of the table
			names = append(names, searched[i])
		}
	}
	return names
}

// tildes shortens each path in the home directory that a text names.
func (w *World) tildes(text string) string {
	if w.Paths.Home == "" {
		return text
	}
	return strings.ReplaceAll(text, w.Paths.Home+string(filepath.Separator), "~"+string(filepath.Separator))
}

// composeEnvFiles: no file that Compose reads sets a key to another value than the stored one. What an env_file says reaches the
// container, whatever the environment of docker compose is.
func (w *World) composeEnvFiles(ctx context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	var f findings
	for _, k := range w.keysIn(w.scan(ctx).in(places.EnvFile)) {
		switch {
		case k.Wins && k.relation == otherKey:
			f.add(Warning, w.removal(k), "%s %s; it wins, as a Compose file names it as an env_file", w.at(k.Finding), k.describe())
		case k.Wins:
			f.add(Warning, w.removal(k), "%s %s, and a Compose file names it as an env_file", w.at(k.Finding), k.describe())
		case k.relation == otherKey:
			f.add(Warning, w.removal(k), "%s %s; docker compose without ragenv uses it", w.at(k.Finding), k.describe())
		}
	}
	return f.joined(Result{OK, "none sets a key to another value than the stored one", ""})
}
