package doctor

import (
	"context"
	"sync"

	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// keyCommands checks that the commands that provide keys (ragenv source) work now, and that none of their
// keys is also stored.
func (w *World) keyCommands(context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	refs := w.Config.Sourced(w.Config.Profile)
	if len(refs) == 0 || w.Commands == nil {
		return Result{OK, "no key comes from a command", ""}
	}
	answers := w.commandAnswers()
	var f findings
	for _, ref := range refs {
		if err := answers[ref].err; err != nil {
			f.add(Failed, ui.Explain(err).Hint, "%s: %v", ref.Name, err)
		}
	}
	return f.result(Result{OK, count(len(refs), "command") + w.inProfile() + " printed a key", ""})
}

// commandAnswer is the result of a key's command.
type commandAnswer struct {
	item keychain.Item
	err  error
}

// commandAnswers runs the active profile's commands once, in parallel.
func (w *World) commandAnswers() map[keychain.Ref]commandAnswer {
	w.commandsOnce.Do(func() {
		w.commandResults = map[keychain.Ref]commandAnswer{}
		var mu sync.Mutex
		var wg sync.WaitGroup
		for _, ref := range w.Config.Sourced(w.Config.Profile) {
			wg.Go(func() {
				answer := w.askCommand(ref)
				mu.Lock()
				defer mu.Unlock()
				w.commandResults[ref] = answer
			})
		}
		wg.Wait()
	})
	return w.commandResults
}

func (w *World) askCommand(ref keychain.Ref) commandAnswer {
	if k := w.stored().keychain; k != nil {
		stored, err := k.Has(ref)
		if err == nil && stored {
			err = &keychain.SourcedError{Ref: ref, Both: true}
		}
		if err != nil {
			return commandAnswer{err: err}
		}
	}
	item, err := w.Commands.Get(ref)
	return commandAnswer{item, err}
}
