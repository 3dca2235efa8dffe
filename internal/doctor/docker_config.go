package doctor

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/credentialhelper"
	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

const configureHint = "ragenv docker configure"

// authVariable holds logins that Docker's command line prefers to any helper's (docker/cli,
// cli/config/configfile).
const authVariable = "DOCKER_AUTH_CONFIG"

// brokenDocker is the result of checks that need config.json if it cannot be read; dockerConfig reports
// why.
var brokenDocker = Result{Warning, "not checked: Docker's config.json cannot be read", "once docker-config is fixed: ragenv doctor"}

// dockerConfig checks that config.json is valid and names the helper for nvcr.io.
func (w *World) dockerConfig(context.Context) Result {
	f, err := w.docker()
	if err != nil {
		return Result{Failed, err.Error(), w.dockerConfigHint(err)}
	}
	if faults := f.Faults(); len(faults) > 0 {
		var all findings
		for _, fault := range faults {
			fault.Path = w.Paths.Tilde(fault.Path)
			all.add(Failed, "", "%v", fault)
		}
		r := all.result(Result{})
		r.Hint = faults[0].Hint()
		return r
	}
	if docker, _ := w.lookPath("docker"); isSnap(docker) {
		return Result{Warning, docker + " is the snap's: it reads ~/snap/docker/current/.docker/config.json, and runs no credential helper from outside the snap", installEngine}
	}
	if w.authVariableNames(ngcRegistry) {
		return Result{Warning, "$" + authVariable + " holds a login for " + ngcRegistry + ", which overrides the helper", shellquote.Unset(authVariable)}
	}
	where := w.Paths.Tilde(f.Path())
	name, setting := f.HelperFor(ngcRegistry)
	switch {
	case name == helperName:
		return Result{OK, fmt.Sprintf("%s names %s for %s (%s)", where, helperProgram, ngcRegistry, setting), ""}
	case credentialhelper.IsWindowsHelper(w.Getenv, name):
		return w.windowsHelper(where, name, setting)
	case name != "":
		return w.unconfigured("%s names %s%s for %s (%s), not %s", where, dockerconfig.HelperPrefix, name, ngcRegistry, setting, helperProgram)
	case hasLogin(f):
		return Result{Warning, fmt.Sprintf("%s names no helper for %s: Docker uses the login in the file", where, ngcRegistry), configureHint}
	case !f.Exists():
		return w.unconfigured("there is no %s, so Docker has no login for %s", where, ngcRegistry)
	}
	return w.unconfigured("%s names no helper for %s, so Docker has no login for it", where, ngcRegistry)
}

// windowsHelper checks that the helper for Windows, which config.json names, is on PATH.
func (w *World) windowsHelper(where, name, setting string) Result {
	program := dockerconfig.HelperPrefix + name
	path, _ := w.lookPath(program)
	if path == "" {
		return Result{Failed, fmt.Sprintf("%s names %s for %s (%s), which is not on PATH", where, program, ngcRegistry, setting),
			`export PATH="$PATH:/mnt/c/DIRECTORY" with the directory of ` + program}
	}
	return Result{OK, fmt.Sprintf("%s names %s for %s (%s): the keychain of Windows", where, program, ngcRegistry, setting), ""}
}

// unconfigured returns a failure if Docker is installed, otherwise a warning.
func (w *World) unconfigured(format string, args ...any) Result {
	status := Failed
	if path, _ := w.lookPath("docker"); path == "" {
		status = Warning
	}
	return Result{status, fmt.Sprintf(format, args...), configureHint}
}

func (w *World) dockerConfigHint(err error) string {
	path := w.dockerConfigPath()
	if hint := dockerconfig.Hint(path, err); hint != "" {
		return hint
	}
	return ui.Explain(err).Hint
}

// isSnap reports whether snapd starts a program, with its own home directory.
func isSnap(path string) bool {
	return strings.HasPrefix(path, "/snap/bin/") || strings.HasPrefix(path, "/var/lib/snapd/snap/bin/")
}

// hasLogin reports whether a file has a login for nvcr.io.
func hasLogin(f *dockerconfig.File) bool {
	return slices.ContainsFunc(f.PlaintextAuths(), func(a dockerconfig.Auth) bool { return canonical(a.Server) == ngcRegistry })
}

// canonical returns serverurl.Canonical, or server unchanged on an error.
func canonical(server string) string {
	if c, err := serverurl.Canonical(server); err == nil {
		return c
	}
	return server
}

// shown returns a server's name for display. It hides a name with user information, which may include a
// password.
func shown(server string) string {
	if _, err := serverurl.Canonical(server); err != nil || strings.Contains(server, "@") {
		return "a server with an odd name"
	}
	return server
}

func (w *World) authVariableNames(registry string) bool {
	var held struct {
		Auths map[string]json.RawMessage `json:"auths"`
	}
	if json.Unmarshal([]byte(w.Getenv(authVariable)), &held) != nil {
		return false
	}
	for server := range held.Auths {
		if canonical(server) == registry {
			return true
		}
	}
	return false
}

// checkLoginInstead finds a stored login to nvcr.io that the helper answers with instead of the stored key.
func (w *World) checkLoginInstead(f *findings) {
	if w.Config == nil {
		return
	}
	known, _ := secrets.ForRegistry(ngcRegistry)
	items := w.stored().items
	login, hasLogin := items[keychain.Ref{Profile: w.Config.Profile, Kind: keychain.KindRegistry, Name: ngcRegistry}]
	if key, hasKey := items[w.envRef(known.Name)]; hasKey && hasLogin && credentialhelper.LoginAnswers(key, login) {
		f.add(Warning, "ragenv rm "+ngcRegistry, "a later docker login as %s answers for %s, not %s", ui.Printable(login.Username), ngcRegistry, known.Name)
	}
}

// dockerLogins checks that config.json has no plain-text login, and that no login in the keychain hides the
// key.
func (w *World) dockerLogins(context.Context) Result {
	file, err := w.docker()
	if err != nil {
		return brokenDocker
	}
	var f findings
	w.checkLoginInstead(&f)
	auths := file.PlaintextAuths()
	if len(auths) == 0 {
		return f.result(Result{OK, "none in plain text", ""})
	}
	if info, err := os.Stat(file.Path()); err == nil && runtime.GOOS != "windows" && info.Mode().Perm()&0o044 != 0 {
		f.add(Failed, "chmod 600 "+shellquote.Word(file.Path()), "%s can be read by other users (mode %04o)", w.Paths.Tilde(file.Path()), info.Mode().Perm())
	}
	ignored := file.IgnoredAuths()
	for _, auth := range auths {
		hint := configureHint + " --store"
		switch isIgnored := slices.Contains(ignored, auth); {
		case canonical(auth.Server) == ngcRegistry:
			hint = configureHint
		case isIgnored && shown(auth.Server) != auth.Server:
			hint = shellquote.Edit(file.Path(), 0)
		case isIgnored && len(file.Faults()) > 0: // docker login would lose what Docker cannot read
			hint = shellquote.Edit(file.Path(), file.AuthLine(auth.Server))
		case isIgnored:
			hint = "docker logout " + shellquote.Word(auth.Server) + " && docker login " + shellquote.Word(auth.Server)
		}
		if slices.Contains(ignored, auth) {
			f.add(Warning, hint, "the login for %s is in plain text, and Docker ignores it: a helper answers", shown(auth.Server))
		} else {
			f.add(Warning, hint, "the login for %s is in plain text", shown(auth.Server))
		}
	}
	return f.result(Result{})
}

// credentialStores checks that every other helper named in config.json is on PATH. Docker fails without it,
// even for public images.
func (w *World) credentialStores(ctx context.Context) Result {
	file, err := w.docker()
	if err != nil {
		return brokenDocker
	}
	var f findings
	store := file.CredsStore()
	if store != "" && store != helperName {
		w.checkStore(ctx, &f, file, store, fmt.Sprintf(`"credsStore": %q`, store), "every other registry")
	}
	helpers := file.CredHelpers()
	for _, server := range slices.Sorted(maps.Keys(helpers)) {
		if strings.Contains(server, "*") {
			f.add(Warning, shellquote.Edit(file.Path(), 0), "%s has a helper for %q, which matches nothing: Docker compares names exactly", w.Paths.Tilde(file.Path()), server)
		}
	}
	for _, server := range slices.Sorted(maps.Keys(helpers)) {
		if name := helpers[server]; name != "" && name != helperName && !(server == ngcRegistry && credentialhelper.IsWindowsHelper(w.Getenv, name)) {
			w.checkStore(ctx, &f, file, name, fmt.Sprintf("%q: %q", shown(server), name), shown(server))
		}
	}
	return f.result(Result{OK, "no other is named", ""})
}

func (w *World) checkStore(ctx context.Context, f *findings, file *dockerconfig.File, name, setting, what string) {
	program := dockerconfig.HelperPrefix + name
	path, notExecutable := w.lookPath(program)
	switch {
	case path != "":
		// A program for another system, or without its interpreter, is found but does not start.
		var exit *exec.ExitError
		if _, err := w.run(ctx, "", path, "version"); err != nil && !errors.As(err, &exit) {
			f.add(Failed, "delete "+setting+" from "+shellquote.Word(file.Path())+", or reinstall "+shellquote.Word(program), "%s names %s, which cannot be run (%s): Docker fails for %s", w.Paths.Tilde(file.Path()), program, whyNotRun(err), what)
			return
		}
		f.add(OK, "", "%s answers for %s", program, what)
	case notExecutable != "":
		f.add(Failed, "chmod 755 "+shellquote.Word(notExecutable), "%s names %s, which is not executable", w.Paths.Tilde(file.Path()), program)
	default:
		hint := "delete " + setting + " from " + shellquote.Word(file.Path()) + ", or install " + shellquote.Word(program)
		if strings.HasPrefix(name, "desktop") && credentialhelper.InWSL(w.Getenv) {
			hint = "delete " + setting + " from " + shellquote.Word(file.Path()) + ", or turn on Docker Desktop's integration with this WSL distribution"
		}
		f.add(Failed, hint, "%s names %s, which is not on PATH: Docker fails for %s", w.Paths.Tilde(file.Path()), program, what)
	}
}

// whyNotRun returns why a program did not start, without its path.
func whyNotRun(err error) string {
	var pathError *fs.PathError
	if errors.As(err, &pathError) {
		return pathError.Err.Error()
	}
	return err.Error()
}
