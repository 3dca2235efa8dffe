package dockersetup

import (
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/dockerconfig"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Login is a login in config.json and the item that it becomes.
type Login struct {
	Auth dockerconfig.Auth
	Item keychain.Item
}

// ReadLogins returns the plain-text logins, all or only nvcr.io's, and separately those that no helper can
// store.
func ReadLogins(s *session.Session, f *dockerconfig.File, all bool) (logins []Login, unkept []unkeptLogin) {
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
			s.Print.Note("the login for %s ends in a line break, which is dropped", auth.Server)
		}
		item := keychain.Item{
			Ref:      keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindRegistry, Name: server},
			Username: auth.Username, Secret: secret,
		}
		if isKnown && secrets.OpensAsKey(known, auth.Username, auth.Secret.Reveal()) {
			item.Ref, item.Username = s.EnvRef(known.Name), ""
		}
		logins = append(logins, Login{auth, item})
	}
	return logins, unkept
}

// ClearMoved removes the moved logins from the file, unless a different one is there now.
func ClearMoved(f *dockerconfig.File, moved []Login) {
	for _, auth := range f.PlaintextAuths() {
		for _, login := range moved {
			if auth == login.Auth {
				f.ClearAuth(auth.Server)
			}
		}
	}
}

// HasPlaintext reports whether the file has a plain-text login for a server, by its name in auths.
func HasPlaintext(f *dockerconfig.File, server string) bool {
	return slices.ContainsFunc(f.PlaintextAuths(), func(auth dockerconfig.Auth) bool { return auth.Server == server })
}
