// Package processes searches this user's running processes for values of keys, in the environment and the
// command line with which they were started.
package processes

import (
	"context"
	"strings"

	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/where"
)

// Options define what to search with.
type Options struct {
	Matcher *where.Matcher
	// Environ is this program's environment, which is what the shell that started it exports.
	Environ []string
}

// Search searches this shell and, on Linux, the other processes of this user. It skips those in containers,
// which their engine covers.
func Search(ctx context.Context, o Options) where.Report {
	report := o.others(ctx)
	report.Searched = append([]string{"this shell"}, report.Searched...)
	if h, ok := o.shell(); ok {
		report.Holders = append([]where.Holder{h}, report.Holders...)
	}
	return report
}

// shell examines what the shell exports. The shell's own file in /proc only shows what it was started with.
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
