package doctor

import (
	"context"
	"slices"

	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/podmanconfig"
)

const podmanHint = configureHint + " --podman"

// podman checks that Podman and similar programs, if installed, ask the helper for nvcr.io and keep no
// plain-text login for it.
func (w *World) podman(context.Context) Result {
	at := slices.IndexFunc(podmanconfig.Programs, func(name string) bool { path, _ := w.lookPath(name); return path != "" })
	if at < 0 {
		return Result{OK, "not installed", ""}
	}
	program := podmanconfig.Programs[at]
	var f findings
	for _, path := range w.podmanAuthFiles() {
		if auths, err := dockerconfig.Load(path); err == nil && hasLogin(auths) {
			f.add(Warning, program+" logout "+ngcRegistry, "the login for %s is in plain text in %s", ngcRegistry, w.Paths.Tilde(path))
		}
	}
	if path := w.Getenv(podmanconfig.EnvAuthFile); path != "" {
		if file, err := dockerconfig.Load(path); err == nil && !file.Exists() {
			f.add(Warning, "unset "+podmanconfig.EnvAuthFile, "$%s names %s, which is not there: podman pull fails", podmanconfig.EnvAuthFile, w.Paths.Tilde(path))
		}
	}
	place := podmanconfig.Of(w.Paths.Home, w.Getenv)
	if w.podmanEtc != "" {
		place.Etc, place.Usr = w.podmanEtc, ""
	}
	asks, err := place.Asks(helperName)
	docker, dockerErr := w.docker()
	switch {
	case err != nil:
		f.add(Warning, "correct that file", "%v", err)
	case asks:
		f.add(OK, "", "%s uses %s for every registry (credential-helpers)", program, helperProgram)
	case w.Getenv(podmanconfig.EnvAuthFile) != "":
		w.checkAuthFile(&f, program)
	case dockerErr != nil:
		return brokenDocker
	default:
		// docker-config reports other problems of config.json.
		switch name, setting := docker.HelperFor(ngcRegistry); {
		case name == helperName && setting == "credsStore":
			f.add(Warning, podmanHint, "%s does not ask %s: it ignores Docker's credsStore", program, helperProgram)
		case name == helperName:
			f.add(OK, "", "%s uses %s for %s (%s)", program, helperProgram, ngcRegistry, setting)
		default:
			f.add(OK, "", "%s reads Docker's config.json, too", program)
		}
	}
	return f.result(Result{})
}

// checkAuthFile checks that the file that is read instead of Docker's config.json also names the helper.
func (w *World) checkAuthFile(f *findings, program string) {
	path := w.Getenv(podmanconfig.EnvAuthFile)
	file, err := dockerconfig.Load(path)
	if err != nil {
		f.add(Warning, "unset "+podmanconfig.EnvAuthFile, "$%s: %v", podmanconfig.EnvAuthFile, err)
		return
	}
	if name, _ := file.CredHelper(ngcRegistry); name == helperName {
		f.add(OK, "", "%s uses %s for %s (credHelpers of %s)", program, helperProgram, ngcRegistry, w.Paths.Tilde(path))
		return
	}
	f.add(Warning, podmanHint, "newer versions of %s do not ask %s: they read $%s in place of Docker's config.json", program, helperProgram, podmanconfig.EnvAuthFile)
}

// podmanAuthFiles returns where Podman keeps logins.
func (w *World) podmanAuthFiles() []string {
	if path := w.Getenv(podmanconfig.EnvAuthFile); path != "" {
		return []string{path}
	}
	return podmanconfig.AuthFiles(w.Paths.Home, w.Getenv)
}
