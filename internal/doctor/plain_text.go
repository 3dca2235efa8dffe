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
	"github.com/ragenv/ragenv/pkg/keychain"
)

// scanned is the result of searching all known places, shared by all checks.
type scanned struct {
	findings []places.Finding
	searched []string
	unread   []places.Unread
}

// scan searches the places once.
func (w *World) scan(ctx context.Context) *scanned {
	w.scanOnce.Do(func() {
		s := &scanned{}
		options := places.Options{Home: w.Paths.Home, Dir: w.Dir, Getenv: w.Getenv, System: w.systemFiles}
		s.searched, s.unread = places.Scan(ctx, options, func(f places.Finding) { s.findings = append(s.findings, f) })
		w.scanResult = s
	})
	return w.scanResult
}

// in returns the findings of one place.
func (s *scanned) in(place string) []places.Finding {
	return slices.DeleteFunc(slices.Clone(s.findings), func(f places.Finding) bool { return f.Place != place })
}

// judged is a finding that is a key.
type judged struct {
	places.Finding
	relation relation
	of       string // the stored name that it is, or should be; for a strayKey, the variable
	former   bool   // an otherKey that was replaced, which import removes without storing it
}

// keysIn returns the findings that are keys, one for each value of a line.
func (w *World) keysIn(findings []places.Finding) []judged {
	var keys []judged
	for _, f := range findings {
		for _, a := range w.valuesOf(f) {
			r, of := w.judge(a)
			// A value that differs from the stored one need not be a key: files contain many placeholders.
			if r == noKey || r == otherKey && f.Place != places.Startup && !w.isKey(a) {
				continue
			}
			f := f
			f.Name = a.Name
			isThere := slices.ContainsFunc(keys, func(k judged) bool { return k.Path == f.Path && k.Line == f.Line && k.of == of && k.relation == r })
			if !isThere {
				keys = append(keys, judged{f, r, of, r == otherKey && w.isFormer(of, a.Value)})
			}
		}
	}
	return keys
}

// valuesOf returns the values of a finding: one, or all of a line of shell history.
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

// at returns the place of a finding, for display.
func (w *World) at(f places.Finding) string {
	if f.Line == 0 {
		return w.Paths.Tilde(f.Path)
	}
	return fmt.Sprintf("%s:%d", w.Paths.Tilde(f.Path), f.Line)
}

// removal returns the command that removes a key from where it was found, and stores it if it is not stored
// yet.
func (w *World) removal(k judged) string {
	importLine, isImport := strings.CutPrefix(k.Fix, "ragenv import ")
	if !isImport {
		return k.Fix
	}
	isVariables := k.Place == places.Startup || k.Place == places.EnvFile
	only := ""
	switch _, isKnown := secrets.Lookup(k.Name); {
	case k.relation == otherKey && !k.former: // import does not replace a stored value
		return byHand(k)
	case isVariables && k.Name == "" && !strings.Contains(importLine, "&&"): // in a comment or a command's argument
		return byHand(k)
	case isVariables && k.Name != "" && !isKnown && k.relation == strayKey:
		only = " --only " + k.Name
	case isVariables && k.Name != "" && !isKnown && k.of != k.Name:
		return byHand(k)
	case isVariables && k.Name != "" && !isKnown:
		only = " --only " + k.Name
	}
	return "ragenv import" + only + " " + importLine
}

// removals returns the command for each key. Commands that open an editor are the same for all lines of a file.
func (w *World) removals(keys []judged) []string {
	hints, edits := make([]string, len(keys)), map[string]string{}
	for i, k := range keys {
		hints[i] = w.removal(k)
		if hints[i] != byHand(k) {
			continue
		}
		if edits[k.Path] == "" {
			edits[k.Path] = hints[i]
		}
		hints[i] = edits[k.Path]
	}
	return hints
}

// byHand returns the command that opens an editor at a key.
func byHand(k judged) string { return shellquote.Edit(k.Path, max(k.Line, 1)) }

// isFormer reports whether a variable's stored value replaced this one. It is false for a key that cannot be
// regenerated: its former value may still be needed.
func (w *World) isFormer(name, value string) bool {
	if known, _ := secrets.Lookup(name); known.Irreplaceable || w.stored().keychain == nil {
		return false
	}
	prints, err := w.stored().keychain.Fingerprints(w.Config.Profile)
	return err == nil && slices.ContainsFunc(prints, func(f keychain.Fingerprint) bool {
		return f.Ref == w.envRef(name) && f.Matches(value)
	})
}

// describe returns what a key is, to follow its place.
func (k judged) describe() string {
	switch {
	case k.relation == storedKey:
		return "holds the stored " + k.of + " in plain text"
	case k.former:
		return "holds a former value of " + k.of
	case k.relation == otherKey && k.of == k.Name:
		return "sets " + k.Name + " to another value than the stored one: delete that line"
	case k.relation == otherKey:
		return "sets " + k.Name + " to another value than the stored " + k.of + ": delete that line"
	}
	return "holds " + k.of + " in plain text"
}

// checkedElsewhere lists the places that have their own checks.
var checkedElsewhere = []string{places.Docker, places.Podman, places.Startup, places.EnvFile}

// plainTextKeys checks that no other program's file and no shell history contains a key. Startup files,
// Docker's config.json and a repository's files have their own checks.
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
	hints := w.removals(keys)
	for i, k := range keys {
		f.add(Warning, hints[i], "%s %s", w.at(k.Finding), k.describe())
	}
	for _, u := range s.unread {
		f.add(Warning, "ls -ld "+shellquote.Word(u.Path), "%s was not searched: %s", w.Paths.Tilde(u.Path), u.Reason)
	}
	return f.joined(Result{OK, "no key in " + w.tildes(strings.Join(searchedHere(s.searched), ", ")), ""})
}

// searchedHere returns the searched places without those in checkedElsewhere.
func searchedHere(searched []string) (names []string) {
	for i, place := range places.Table() {
		if i < len(searched) && !slices.Contains(checkedElsewhere, place.Name) { // both have the same order
			names = append(names, searched[i])
		}
	}
	return names
}

// tildes abbreviates paths below the home directory in a text.
func (w *World) tildes(text string) string {
	if w.Paths.Home == "" {
		return text
	}
	return strings.ReplaceAll(text, w.Paths.Home+string(filepath.Separator), "~"+string(filepath.Separator))
}

// composeEnvFiles checks that no file that Compose reads sets a key to a different value than the stored
// one. An env_file reaches the container, whatever the environment of docker compose.
func (w *World) composeEnvFiles(ctx context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	var f findings
	keys := w.keysIn(w.scan(ctx).in(places.EnvFile))
	hints := w.removals(keys)
	for i, k := range keys {
		switch {
		case k.Wins && k.relation == otherKey:
			f.add(Warning, hints[i], "%s %s; it wins, as a Compose file names it as an env_file", w.at(k.Finding), k.describe())
		case k.Wins:
			f.add(Warning, hints[i], "%s %s, and a Compose file names it as an env_file", w.at(k.Finding), k.describe())
		case k.relation == otherKey:
			f.add(Warning, hints[i], "%s %s; docker compose without ragenv uses it", w.at(k.Finding), k.describe())
		}
	}
	return f.joined(Result{OK, "none sets a key to another value than the stored one", ""})
}
