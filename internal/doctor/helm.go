package doctor

import (
	"context"
	"errors"
	"os"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/helm"
	"github.com/ragenv/ragenv/internal/shellquote"
)

const helmHint = "ragenv helm configure"

// helm checks that Helm's ngc:// plugin, if installed, works and runs this program.
func (w *World) helm(context.Context) Result {
	program, _ := w.lookPath("helm")
	paths, err := helm.FindPaths(w.Getenv, w.Paths.Home)
	if err != nil {
		return Result{Warning, "not checked: " + err.Error(), config.HomeHint()}
	}
	plugin := helm.In(paths.Plugins)
	state, target, err := plugin.State()
	switch {
	case errors.Is(err, helm.ErrForeign):
		return Result{Warning, w.Paths.Tilde(plugin.Dir) + " is not ragenv's plugin", "ls " + shellquote.Word(plugin.Dir)}
	case err != nil:
		return Result{Warning, "not checked: " + err.Error(), "ls -ld " + shellquote.Word(plugin.Dir)}
	case state == helm.Absent && program == "":
		return Result{OK, "not installed", ""}
	case state == helm.Absent:
		return Result{OK, "no plugin for ngc:// addresses; ragenv helm configure installs one", ""}
	case state == helm.Broken && target != "":
		return Result{Failed, w.Paths.Tilde(plugin.Dir) + " is not this version's, or leads to " + w.Paths.Tilde(target) + ", which is not there", helmHint}
	case state == helm.Broken:
		return Result{Failed, w.Paths.Tilde(plugin.Dir) + " has no link to ragenv", helmHint}
	case w.Executable != "" && !sameFile(target, w.Executable):
		return Result{Warning, w.Paths.Tilde(plugin.Dir) + " leads to " + w.Paths.Tilde(target) + ", which is a different ragenv", helmHint}
	}
	return Result{OK, "Helm fetches ngc:// addresses with the stored key (" + w.Paths.Tilde(plugin.Dir) + ")", ""}
}

func sameFile(a, b string) bool {
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}
