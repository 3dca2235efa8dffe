package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// configFile checks that config.toml can be read and that all its keys are known.
func (w *World) configFile(context.Context) Result {
	path := w.Paths.ConfigFile
	if w.ConfigErr != nil {
		hint := ui.Explain(w.ConfigErr).Hint
		var insecure *keychain.InsecureError
		switch {
		case errors.As(w.ConfigErr, &insecure):
			if hint = fmt.Sprintf("chmod %o ", insecure.Mode) + shellquote.Word(insecure.Path); insecure.Mode == 0 {
				hint = `sudo chown "$(id -un)" ` + shellquote.Word(insecure.Path)
			}
		case errors.Is(w.ConfigErr, config.ErrNoHome):
			hint = config.HomeHint()
		case w.Getenv(config.EnvProfile) != "" && !errors.Is(w.ConfigErr, config.ErrInvalid):
			hint = shellquote.Unset(config.EnvProfile)
		}
		return Result{Failed, w.ConfigErr.Error(), hint}
	}
	var f findings
	for _, key := range w.Config.UnknownKeys {
		f.add(Warning, "correct or delete that line in "+shellquote.Word(path), "%s: unknown setting %q", w.Paths.Tilde(path), key)
	}
	if _, err := os.Lstat(path); errors.Is(err, os.ErrNotExist) {
		return f.result(Result{OK, "none, so the defaults are in effect", ""})
	}
	return f.result(Result{OK, w.Paths.Tilde(path), ""})
}
