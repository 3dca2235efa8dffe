// Package processes searches the running processes of this user for values of keys: the environment and the command line that
// each was started with.
package processes

import (
	"context"
	"strings"

	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

// Options say what to search with.
type Options struct {
	Matcher *where.Matcher
	// Environ is this program's environment: what the shell that started it exports.
	Environ []string
}

// Search searches this shell and, on Linux, the other processes of this user. Those of containers are left to their engine.
func Search(ctx context.Context, o Options) where.Report {
	report := o.others(ctx)
	report.Searched = append([]string{"this shell"}, report.Searched...)
	if h, ok := o.shell(); ok {
		report.Holders = append([]where.Holder{h}, report.Holders...)
	}
	return report
}

// shell is what exports this program's environment. A process's own file shows only what it was started with.
func (o Options) shell() (where.Holder, bool) {
	var found where.Found
	var old []string
	for _, entry := range o.Environ {
		name, value, _ := strings.Cut(entry, "=")
		matches := o.Matcher.Find(name, value)
		found.Note(name, matches)
		if holdsOld(matches) {
			old = append(old, name)
		}
	}
	if found.Empty() {
		return where.Holder{}, false
	}
	h := found.Holder(where.KindShell, "this shell")
	if len(old) > 0 {
		h.Fix = shellquote.Unset(old...)
	}
	return h, true
}

func holdsOld(matches []where.Match) bool {
	for _, m := range matches {
		if m.State == where.Old {
			return true
		}
	}
	return false
}
