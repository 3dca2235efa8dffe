package doctor

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/wanted"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// keysPresent checks that the wanted keys are stored, without unlocking.
func (w *World) keysPresent(context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	s := w.stored()
	if (s.openErr != nil && !errors.Is(s.openErr, keychain.ErrNoStore)) || s.listErr != nil {
		return Result{Warning, "not checked: the keychain cannot be read", w.hintFor(errors.Join(s.openErr, s.listErr))}
	}
	var f findings
	var present []string
	reach := w.reach()
	for _, known := range secrets.All() {
		if known.Wanted && reach.Uses(known) || slices.Contains(w.Config.Required, known.Name) {
			w.checkPresent(&f, &present, known)
		}
	}
	for _, name := range w.Config.Required {
		if _, ok := secrets.Lookup(name); !ok {
			w.checkPresent(&f, &present, secrets.Secret{Name: name, Kind: validate.Text})
		}
	}
	return f.result(Result{OK, strings.Join(present, " and ") + " stored" + w.inProfile(), ""})
}

// reach returns where to search for the use of an optional key.
func (w *World) reach() wanted.Reach {
	return wanted.Reach{
		Dir: w.Dir, Getenv: w.Getenv, Required: w.Config.Required, Unused: w.Config.Unused,
		Stored: func(name string) bool {
			return slices.ContainsFunc(w.stored().refs, func(ref keychain.Ref) bool { return ref.Kind == keychain.KindEnv && ref.Name == name })
		},
	}
}

func (w *World) checkPresent(f *findings, present *[]string, known secrets.Secret) {
	if _, ok := w.source(known.Name); ok {
		*present = append(*present, known.Name)
		return
	}
	hint := "ragenv set " + known.Name
	switch {
	case w.Getenv(known.Name) != "":
		f.add(Warning, hint, "%s is not stored%s, only set in this environment", known.Name, w.inProfile())
	case slices.Contains(w.Config.Required, known.Name):
		f.add(Failed, hint, "%s is not stored%s, and the config file requires it: ragenv -- starts nothing", known.Name, w.inProfile())
	case len(known.Registries) > 0:
		f.add(Failed, hint, "%s is not stored%s: pulls from %s fail", known.Name, w.inProfile(), strings.Join(known.Registries, ", "))
	case known.Optional:
		f.add(Warning, "if you use it: "+hint+"; if you do not: ragenv config --unused "+known.Name, "%s is not stored%s, and used here", known.Name, w.inProfile())
	default:
		f.add(Warning, hint, "%s is not stored%s", known.Name, w.inProfile())
	}
}

func (w *World) inProfile() string {
	if w.Config.Profile == config.DefaultProfile {
		return ""
	}
	return " in profile " + w.Config.Profile
}

// keyShapes checks that each stored value can be the key it is stored as.
func (w *World) keyShapes(context.Context) Result {
	if r, no := w.notRead(); no {
		return r
	}
	var f findings
	items := w.envItems()
	for _, item := range items {
		for _, finding := range validate.Check(secrets.KindOf(item.Name), item.Secret.Reveal()) {
			status := Warning
			if finding.Severity == validate.Refuse {
				status = Failed
			}
			f.add(status, strings.TrimPrefix(finding.Hint+", then: ", ", then: ")+"ragenv set "+item.Name, "%s: %s", item.Name, finding.Message)
		}
	}
	return f.result(Result{OK, "no problem with " + count(len(items), "stored key"), ""})
}
