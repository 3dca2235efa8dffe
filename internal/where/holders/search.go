// Package holders finds what holds a value of a stored key, describes it, and restarts what holds an old
// value.
package holders

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"

	"golang.org/x/term"

	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
	"github.com/ragenv/ragenv/internal/where/containers"
	"github.com/ragenv/ragenv/internal/where/kubernetes"
	"github.com/ragenv/ragenv/internal/where/processes"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// searchLimit ends a search that hangs, for example on a dead mount.
const searchLimit = 60 * time.Second

// progressAfter is the time after which a search shows its progress.
const progressAfter = 500 * time.Millisecond

// Search searches for current and former values of keys. It asks for the keychain's passphrase if
// necessary.
func Search(s *session.Session, ctx context.Context, o Options) (*where.Report, error) {
	keys, err := searchedKeys(s, o.Names)
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, searchLimit)
	defer cancel()
	defer showProgress(s)()
	m := where.NewMatcher(keys)
	environ := environWithout(s, keys, m)
	parts := []func() where.Report{
		func() where.Report {
			return containers.Search(ctx, containers.Options{Matcher: m, LookPath: exec.LookPath, Environ: environ})
		},
		func() where.Report { return searchFiles(s, ctx, m, o.Paths) },
		func() where.Report {
			return processes.Search(ctx, processes.Options{Matcher: m, Environ: os.Environ()})
		},
	}
	if o.Kubernetes {
		parts = append(parts, func() where.Report {
			return kubernetes.Search(ctx, kubernetes.Options{Matcher: m, LookPath: exec.LookPath, Environ: environ, Profile: s.ForProfile()})
		})
	}
	reports := make([]where.Report, len(parts))
	var wg sync.WaitGroup
	for i, part := range parts {
		wg.Go(func() { reports[i] = part() })
	}
	wg.Wait()
	report := &where.Report{Holders: []where.Holder{}, Searched: []string{}, Unread: []where.Unread{}}
	for _, r := range reports {
		report.Add(r)
	}
	if !o.Kubernetes {
		report.Unread = append(report.Unread, where.Unread{What: "Kubernetes", Reason: "only with --kubernetes"})
	}
	report.Sort()
	for i := range report.Holders {
		report.Holders[i].Fix = s.Print.Completed(report.Holders[i].Fix)
	}
	return report, nil
}

// searchedKeys reads the keys of the active profile and what is known of their former values.
func searchedKeys(s *session.Session, names []string) ([]where.Key, error) {
	k, err := s.Opener().Read()
	if errors.Is(err, keychain.ErrNoStore) {
		return nil, s.WithoutKeys("ragenv setup", "nothing is stored%s", s.InProfile())
	}
	if err != nil {
		return nil, err
	}
	refs, err := k.List(s.Config.Profile)
	if err != nil {
		return nil, err
	}
	refs = slices.DeleteFunc(refs, func(ref keychain.Ref) bool { return ref.Kind == keychain.KindRegistry })
	var items []keychain.Item
	var fingerprints []keychain.Fingerprint
	err = s.Unlocked(k, func() (err error) {
		if items, err = k.GetAll(refs); err == nil {
			fingerprints, err = k.Fingerprints(s.Config.Profile)
		}
		return err
	})
	if err != nil {
		return nil, err
	}
	var keys []*where.Key
	of := func(name string) *where.Key {
		for _, key := range keys {
			if key.Name == name {
				return key
			}
		}
		keys = append(keys, &where.Key{Name: name, Aliases: s.Aliases()[name]})
		return keys[len(keys)-1]
	}
	for _, item := range items {
		if item.Kind == keychain.KindEnv {
			of(item.Name).Current = item.Secret
		} else {
			key := of(item.Name)
			key.Former = append(key.Former, item.Secret)
		}
	}
	for _, f := range fingerprints {
		key := of(f.Ref.Name)
		key.Prints = append(key.Prints, f)
	}
	found := []where.Key{}
	for _, key := range keys {
		if names == nil || slices.Contains(names, key.Name) {
			found = append(found, *key)
		}
	}
	for _, name := range names {
		if !slices.ContainsFunc(found, func(key where.Key) bool { return key.Name == name }) {
			return nil, s.NotStored(s.EnvRef(name), "where NAME")
		}
	}
	if len(found) == 0 {
		return nil, s.WithoutKeys("ragenv setup", "nothing is stored%s", s.InProfile())
	}
	return found, nil
}

// searchFiles searches the table of plain-text places.
func searchFiles(s *session.Session, ctx context.Context, m *where.Matcher, paths []string) (report where.Report) {
	dir, err := os.Getwd()
	if err != nil {
		dir = s.Config.Paths.Home // it was removed
	}
	options := places.Options{Home: s.Config.Paths.Home, Dir: dir, Paths: paths, Getenv: s.Getenv}
	var findings []*places.Finding // parallel to report.Holders
	searched, unread := places.Scan(ctx, options, func(f places.Finding) {
		var found where.Found
		part := f.Name
		if f.Line > 0 {
			part = "line " + strconv.Itoa(f.Line)
		}
		if part == "" {
			part = "it"
		}
		matches := m.Find(f.Name, f.Value.Reveal())
		found.Note(part, matches)
		if f.Wins {
			found.Note("where it wins over the stored one", matches)
		}
		if found.Empty() {
			return
		}
		h := found.Holder(where.KindFile, f.Path)
		h.Path, h.Line = f.Path, f.Line
		isVariable := secrets.ValidName(f.Name) && (f.Place == places.Startup || f.Place == places.EnvFile)
		if isVariable && strings.HasPrefix(f.Fix, "ragenv import ") && (!importsByItself(s, f.Name) || places.Shared(f)) {
			f.Fix = shellquote.Edit(f.Path, max(f.Line, 1))
		}
		isThere := slices.ContainsFunc(report.Holders, func(other where.Holder) bool {
			return other.Path == h.Path && other.Line == h.Line && slices.Equal(other.Keys, h.Keys)
		})
		if h.Line == 0 || !isThere {
			report.Holders, findings = append(report.Holders, h), append(findings, &f)
		}
	})
	places.JoinFixes(findings)
	for i, f := range findings {
		report.Holders[i].Fix = f.Fix
	}
	report.Searched = searched
	for _, u := range unread {
		report.Unread = append(report.Unread, where.Unread{What: u.Path, Reason: u.Reason})
	}
	return report
}

// importsByItself reports whether import accepts a variable that is not named explicitly.
func importsByItself(s *session.Session, name string) bool {
	if _, known := secrets.Lookup(name); known {
		return true
	}
	for _, names := range s.Aliases() {
		if slices.Contains(names, name) {
			return true
		}
	}
	return false
}

// environWithout returns the environment for programs such as docker: without keys and passphrases, and
// with variables that keep them from prompting.
func environWithout(s *session.Session, keys []where.Key, m *where.Matcher) []string {
	secret := map[string]bool{}
	for _, name := range slices.Concat(passphrase.Variables, secrets.Variables()) {
		secret[name] = true
	}
	for _, key := range keys {
		secret[key.Name] = true
	}
	environ := slices.DeleteFunc(os.Environ(), func(entry string) bool {
		name, value, _ := strings.Cut(entry, "=")
		return secret[name] || len(m.Find(name, value)) > 0
	})
	return append(environ, "SSH_ASKPASS_REQUIRE=never", "LC_ALL=C")
}

// showProgress shows on a terminal, after a moment, that a search is running. done removes the message.
func showProgress(s *session.Session) (done func()) {
	file, ok := s.Stderr.(*os.File)
	if !ok || s.Print.Quiet || !term.IsTerminal(int(file.Fd())) {
		return func() {}
	}
	var mu sync.Mutex
	shown, over := false, false
	timer := time.AfterFunc(progressAfter, func() {
		mu.Lock()
		defer mu.Unlock()
		if !over {
			_, _ = fmt.Fprint(file, "searching containers, files and processes ...")
			shown = true
		}
	})
	return func() {
		timer.Stop()
		mu.Lock()
		defer mu.Unlock()
		over = true
		if shown {
			_, _ = fmt.Fprint(file, "\r\x1b[K") // ECMA-48: erase to the end of the line
		}
	}
}
