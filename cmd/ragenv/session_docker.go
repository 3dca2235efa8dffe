package main

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
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

// The credential helper, as config.json and as PATH have it.
const (
	helperName    = "ngc"
	helperProgram = "docker-credential-" + helperName
)

// dockerConfigPath is where Docker looks for config.json.
func (s *session) dockerConfigPath() string {
	return dockerconfig.Path(s.getenv, s.config.Paths.Home)
}

// dockerUndoFile is the path of the record of what docker configure replaced.
func (s *session) dockerUndoFile() string {
	return dockerconfig.UndoFile(s.config.Paths.State, s.dockerConfigPath())
}

// dockerConfigError adds to an error of dockerconfig what can be done about it.
func dockerConfigError(err error) error {
	var syntax *dockerconfig.SyntaxError
	var other *dockerconfig.ErrOtherStore
	switch {
	case errors.As(err, &syntax):
		return ui.Errorf(dockerconfig.Hint(syntax.Path, err), "%w; nothing was changed", err)
	case errors.As(err, &other):
		return ui.Errorf("ragenv docker configure (without --store: for "+serverurl.NGC+" alone, next to it)", "%w: it is not replaced", err)
	case errors.Is(err, dockerconfig.ErrChanged):
		return ui.Errorf("run it again", "%w", err)
	}
	return err
}

// dockerConfigErrorAt is dockerConfigError for an error of writing the file at path.
func dockerConfigErrorAt(path string, err error) error {
	var syntax *dockerconfig.SyntaxError
	if hint := dockerconfig.Hint(path, err); hint != "" && !errors.As(err, &syntax) {
		return ui.Errorf(hint, "%w", err)
	}
	return dockerConfigError(err)
}

// findHelper returns the path of the credential helper as Docker finds it.
func findHelper() (string, error) { return exec.LookPath(helperProgram) }

// warnOfMissingHelper says what to do where Docker would not find the helper: Docker's own message does not.
func (s *session) warnOfMissingHelper() {
	if _, err := findHelper(); err == nil {
		return
	}
	s.print.Warn("%s is not on PATH, so Docker cannot run it", helperProgram)
	if self, err := os.Executable(); err == nil {
		dir := filepath.Dir(self)
		if _, err := os.Stat(filepath.Join(dir, helperProgram+filepath.Ext(self))); err == nil {
			s.print.Hint("%s", shellquote.PrependPath(dir))
			return
		}
	}
	s.print.Hint("install %s in a directory of PATH, such as that of ragenv", helperProgram)
}

// plaintextLogin is a login in config.json and the item it becomes.
type plaintextLogin struct {
	auth dockerconfig.Auth
	item keychain.Item
}

// unkeptLogin is a login that no helper can keep.
type unkeptLogin struct{ server, registry, reason string } // as config.json has it, and as Docker's commands take it

// readLogins returns the logins that are in plain text, that of nvcr.io or all of them, and apart those no helper can keep.
func (s *session) readLogins(f *dockerconfig.File, all bool) (logins []plaintextLogin, unkept []unkeptLogin) {
	for _, auth := range f.PlaintextAuths() {
		server, err := serverurl.Canonical(auth.Server)
		if !all && server != serverurl.NGC {
			continue
		}
		known, isKnown := secrets.ForRegistry(server)
		reason := ""
		switch {
		case err != nil:
			reason = "its name is no registry's"
		case auth.Kind == dockerconfig.KindRegistryToken:
			reason = "it is a registry token"
		case isKnown && strings.ContainsAny(strings.Trim(auth.Secret.Reveal(), "\r\n"), "\"' \t\r\n"):
			reason = "the key has quotes or spaces in it"
		case auth.Kind == dockerconfig.KindUnreadable:
			reason = "it cannot be read"
		case isKnown && auth.Username == secrets.TokenUser:
			reason = server + " takes no identity token"
		}
		if reason != "" {
			unkept = append(unkept, unkeptLogin{auth.Server, server, reason})
			continue
		}
		secret := auth.Secret
		if text := secret.Reveal(); strings.TrimRight(text, "\r\n") != text {
			secret = keychain.NewSecret(strings.TrimRight(text, "\r\n"))
			s.print.Note("the login for %s ends in a line break, which is dropped", auth.Server)
		}
		item := keychain.Item{
			Ref:      keychain.Ref{Profile: s.config.Profile, Kind: keychain.KindRegistry, Name: server},
			Username: auth.Username, Secret: secret,
		}
		if isKnown && secrets.OpensAsKey(known, auth.Username, auth.Secret.Reveal()) {
			item.Ref, item.Username = s.envRef(known.Name), ""
		}
		logins = append(logins, plaintextLogin{auth, item})
	}
	return logins, unkept
}

// clearMoved takes the moved logins out of the file, unless another one is there by now.
func clearMoved(f *dockerconfig.File, moved []plaintextLogin) {
	for _, auth := range f.PlaintextAuths() {
		for _, login := range moved {
			if auth == login.auth {
				f.ClearAuth(auth.Server)
			}
		}
	}
}

// namesHelper reports whether Docker asks the helper for anything.
func namesHelper(f *dockerconfig.File) bool {
	if f.CredsStore() == helperName {
		return true
	}
	for _, name := range f.CredHelpers() {
		if name == helperName {
			return true
		}
	}
	return false
}

// hasPlaintext reports whether the file holds a login for a server, as auths names it.
func hasPlaintext(f *dockerconfig.File, server string) bool {
	return slices.ContainsFunc(f.PlaintextAuths(), func(auth dockerconfig.Auth) bool { return auth.Server == server })
}

// asksHelper reports whether Docker asks the helper for a server.
func asksHelper(f *dockerconfig.File, server string) bool {
	if name, ok := f.CredHelper(server); ok {
		return name == helperName
	}
	return f.CredsStore() == helperName
}

// isWindowsHelper reports whether a name is that of Windows' helper, under WSL, which runs it.
func (s *session) isWindowsHelper(name string) bool {
	return name == helperName+".exe" && s.getenv("WSL_DISTRO_NAME") != ""
}

// loginInstead returns the login to nvcr.io under another user that the helper answers with although the key is stored; false
// for none, and where the keychain cannot be read now.
func (s *session) loginInstead(k *keychain.Keychain) (keychain.Item, bool) {
	if !k.Unlocked() {
		return keychain.Item{}, false
	}
	known, _ := secrets.ForRegistry(serverurl.NGC)
	login, err := k.Get(keychain.Ref{Profile: s.config.Profile, Kind: keychain.KindRegistry, Name: serverurl.NGC})
	if err != nil {
		return keychain.Item{}, false
	}
	key, err := k.Get(s.envRef(known.Name))
	return login, err == nil && credentialhelper.LoginAnswers(key, login)
}

func describeInstead(login keychain.Item) string {
	return "a later docker login as " + ui.Printable(login.Username)
}

// removeLogin is the command that removes such a login, and leaves the key.
func (s *session) removeLogin() string { return "ragenv rm" + s.forProfile() + " " + serverurl.NGC }

// removeHelper takes the helper out wherever it is named.
func removeHelper(f *dockerconfig.File) {
	if f.CredsStore() == helperName {
		f.RemoveCredsStore()
	}
	for host, name := range f.CredHelpers() {
		if name == helperName {
			f.RemoveCredHelper(host)
		}
	}
}

// helperFor returns the helper that Docker asks for nvcr.io, and the setting that names it; "" if none is.
func helperFor(f *dockerconfig.File) (name, setting string) {
	if name, ok := f.CredHelper(serverurl.NGC); ok {
		return name, "credHelpers"
	}
	if name := f.CredsStore(); name != "" {
		return name, "credsStore"
	}
	return "", ""
}
