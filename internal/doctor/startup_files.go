package doctor

import (
	"context"

	"github.com/ragenv/ragenv/internal/places"
	"github.com/ragenv/ragenv/internal/shellquote"
)

// startupFiles checks that no shell startup file contains a key. Every program gets such a key, and an old
// one overrides the stored key wherever ragenv is not used.
func (w *World) startupFiles(ctx context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	var f findings
	keys := w.keysIn(w.scan(ctx).in(places.Startup))
	hints := w.removals(keys)
	for i, k := range keys {
		hint := hints[i]
		if k.Name != "" {
			hint += "; " + shellquote.Unset(k.Name)
		}
		f.add(Warning, hint, "%s %s", w.at(k.Finding), k.describe())
	}
	return f.joined(Result{OK, "no key in a shell start-up file", ""})
}
