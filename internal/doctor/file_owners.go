package doctor

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/sudo"
)

// fileOwners checks that the files of Docker and ragenv belong to the current user, and that sudo did not
// change their owner.
func (w *World) fileOwners(context.Context) Result {
	if caller, ok := sudo.KeysElsewhere(w.Getenv, w.Paths); ok {
		return Result{Warning, caller.Sentence(w.Paths), "run ragenv and docker without sudo"}
	}
	var f findings
	docker := w.dockerConfigPath()
	for _, path := range []string{filepath.Dir(docker), docker, filepath.Dir(w.Paths.ConfigFile), w.Paths.ConfigFile, w.Paths.Store} {
		info, err := os.Stat(path)
		if err != nil {
			continue // absent; another check reports what cannot be read
		}
		owner, ours := ownership(info)
		switch {
		case ours:
		case sudo.Owns(w.Getenv, path):
			f.add(Warning, "run ragenv and docker without sudo", "sudo kept HOME, so root looks into the files of %s: %s", w.Getenv(sudo.EnvUser), w.Paths.Tilde(path))
		default:
			f.add(Failed, `sudo chown -R "$(id -un)" `+shellquote.Word(path), "%s belongs to user %s, and this is user %d", w.Paths.Tilde(path), owner, os.Geteuid())
		}
	}
	return f.result(Result{OK, fmt.Sprintf("all of user %s", w.userName()), ""})
}

// userName returns the name of the user that this process runs as, for display.
func (w *World) userName() string {
	if os.Geteuid() == 0 {
		return "root"
	}
	for _, variable := range []string{"USER", "LOGNAME", "USERNAME"} {
		if name := w.Getenv(variable); name != "" {
			return name
		}
	}
	return fmt.Sprint(os.Geteuid())
}
