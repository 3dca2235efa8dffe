package doctor

import (
	"context"

	"github.com/ragenv/ragenv/internal/shellquote"
)

// environment checks that no variable of this shell has a different key than the stored one. Programs
// started without ragenv would get it, and "ragenv -- COMMAND" does not replace an alias that is set.
func (w *World) environment(context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	var f findings
	same, unread := 0, ""
	for _, name := range w.variables() {
		value := w.Getenv(name)
		source, isStored := w.source(name)
		if value == "" || !isStored {
			continue
		}
		stored, ok := w.value(source)
		switch {
		case !ok:
			unread = name
		case stored == value:
			same++
		case name == source:
			f.add(Warning, shellquote.Unset(name), "%s is set here to another value than the stored one", name)
		default:
			f.add(Warning, shellquote.Unset(name), "%s is set here to another value than the stored %s, which it would else follow", name, source)
		}
	}
	if r, no := w.notRead(); no && unread != "" && len(f) == 0 {
		r.Detail = unread + " is set here; whether to the stored value is not known while the keychain cannot be read"
		return r
	}
	if same > 0 {
		return f.result(Result{OK, count(same, "variable") + " set here, to what is stored", ""})
	}
	return f.result(Result{OK, "no variable here differs from what is stored", ""})
}
