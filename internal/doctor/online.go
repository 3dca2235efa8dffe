package doctor

import (
	"context"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/pkg/validate/probe"
)

// registryKey returns the key for nvcr.io, stored or else from the environment, as the helper does. Without
// one, r says why.
func (w *World) registryKey() (name, value string, r Result) {
	known, _ := secrets.ForRegistry(ngcRegistry)
	if w.Config == nil {
		return "", "", unreadableConfig
	}
	if value, ok := w.value(known.Name); ok {
		return known.Name, value, Result{}
	}
	if _, sourced := w.Config.Source(w.envRef(known.Name)); sourced {
		return "", "", Result{Warning, "not checked: no key from the command of " + known.Name, "once key-commands is fixed: ragenv doctor"}
	}
	if r, no := w.notRead(); no {
		return "", "", r
	}
	if value := w.Getenv(known.Name); value != "" {
		return known.Name, value, Result{}
	}
	return "", "", Result{Warning, "not checked: there is no " + known.Name, "ragenv set " + known.Name}
}

// ngcKeyOnline checks that NVIDIA accepts the stored key.
func (w *World) ngcKeyOnline(ctx context.Context) Result {
	name, key, r := w.registryKey()
	if key == "" {
		return r
	}
	answer := w.Services.NGC(ctx, key)
	result := w.fromProbe(name, answer)
	if answer.Outcome == probe.Valid && len(answer.Missing) > 0 {
		result.Status = Warning
		result.Hint = w.newKeyHint(name)
	}
	if answer.Outcome == probe.Valid {
		for _, missing := range answer.Missing {
			result.Detail += "; it was not made for the service \"" + missing.Title + "\": " + missing.Effect
		}
	}
	return result
}

// registryPullOnline checks that the stored key may pull the image.
func (w *World) registryPullOnline(ctx context.Context) Result {
	name, key, r := w.registryKey()
	if key == "" {
		return r
	}
	result := w.fromProbe(name, w.Services.RegistryPull(ctx, key, w.Image))
	result.Detail += " (" + w.Image.String() + ")"
	return result
}

func (w *World) fromProbe(name string, answer probe.Result) Result {
	detail := name + ": " + answer.Detail
	switch answer.Outcome {
	case probe.Valid:
		return Result{OK, detail, ""}
	case probe.Invalid:
		return Result{Failed, detail, "ragenv rotate " + name}
	case probe.LacksRights:
		return Result{Failed, detail, w.newKeyHint(name)}
	}
	return Result{Warning, detail, "try again later: ragenv doctor --online"}
}

// newKeyHint returns where to create a key with more rights.
func (w *World) newKeyHint(name string) string {
	known, _ := secrets.Lookup(name)
	return "create a key at " + known.Docs + " (" + strings.TrimSuffix(known.Steps, ".") + "), then: ragenv rotate " + name
}
