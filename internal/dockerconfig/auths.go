package dockerconfig

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Kind is the kind of secret in an Auth.
type Kind string

const (
	KindPassword      Kind = "password"      // with a user name, from "auth" (base64) or "username" and "password"
	KindIdentityToken Kind = "identitytoken" // helpers store it with the user name secrets.TokenUser
	KindRegistryToken Kind = "registrytoken" // a bearer token; no helper can store it
	KindUnreadable    Kind = "unreadable"    // an "auth" that is not base64 of "user:password"; Secret is its text
)

// Auth is a plain-text login in config.json.
type Auth struct {
	Server   string // the key in auths: "nvcr.io", "https://index.docker.io/v1/"
	Username string // secrets.TokenUser for an identity token; empty for a registry token or unreadable
	Secret   keychain.Secret
	Kind     Kind
}

// authEntry is an entry of auths (types.AuthConfig in docker/cli's cli/config).
type authEntry struct {
	Auth          string `json:"auth"`
	Username      string `json:"username"`
	Password      string `json:"password"`
	IdentityToken string `json:"identitytoken"`
	RegistryToken string `json:"registrytoken"`
}

func (e authEntry) secret() Auth {
	switch {
	case e.IdentityToken != "":
		return Auth{Username: secrets.TokenUser, Secret: keychain.NewSecret(e.IdentityToken), Kind: KindIdentityToken}
	case e.Auth != "":
		// Docker cuts at the first colon and strips trailing NULs.
		plain, err := base64.StdEncoding.DecodeString(e.Auth)
		user, password, found := strings.Cut(string(plain), ":")
		password = strings.Trim(password, "\x00")
		if err != nil || !found || user == "" {
			return Auth{Secret: keychain.NewSecret(e.Auth), Kind: KindUnreadable}
		}
		if password == "" && e.RegistryToken != "" {
			break
		}
		return Auth{Username: user, Secret: keychain.NewSecret(password), Kind: KindPassword}
	case e.Password != "":
		return Auth{Username: e.Username, Secret: keychain.NewSecret(e.Password), Kind: KindPassword}
	}
	return Auth{Secret: keychain.NewSecret(e.RegistryToken), Kind: KindRegistryToken}
}

// PlaintextAuths returns the entries of auths that contain a secret, in the file's order. The empty entries
// that "docker login" writes when a helper is used are not included.
func (f *File) PlaintextAuths() []Auth {
	var auths []Auth
	o, _ := f.entries(keyAuths)
	for _, m := range o.members {
		var entry authEntry
		if json.Unmarshal(m.value(f.text), &entry) != nil {
			continue // setText checked it
		}
		if a := entry.secret(); !a.Secret.Empty() {
			a.Server = m.key
			auths = append(auths, a)
		}
	}
	return auths
}

// IgnoredAuths returns the PlaintextAuths that Docker no longer reads, because a helper answers for their
// registry. They are useless, but still in the file: move them or report them.
func (f *File) IgnoredAuths() []Auth {
	var ignored []Auth
	helpers, store := f.CredHelpers(), f.CredsStore()
	for _, a := range f.PlaintextAuths() {
		helper, ok := helpers[a.Server]
		if !ok {
			helper, ok = helpers[hostname(a.Server)]
		}
		if !ok {
			helper = store
		}
		if helper != "" {
			ignored = append(ignored, a)
		}
	}
	return ignored
}

// hostname returns the registry in a key of auths, as docker/cli's ConvertToHostname does.
func hostname(server string) string {
	server = strings.TrimPrefix(strings.TrimPrefix(server, "https://"), "http://")
	host, _, _ := strings.Cut(server, "/")
	return host
}

// AuthLine returns the line of a server's entry in auths, from 1, or 0 if there is none.
func (f *File) AuthLine(server string) int {
	o, _ := f.entries(keyAuths)
	if i := o.find(func(key string) bool { return key == server }); i >= 0 {
		return bytes.Count(f.text[:o.members[i].keyStart], []byte("\n")) + 1
	}
	return 0
}
