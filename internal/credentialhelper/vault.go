package credentialhelper

import (
	"errors"
	"time"
	"unicode/utf8"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// vault is the active profile of a keychain, seen as registry credentials.
type vault struct {
	keychain *keychain.Keychain // nil if nothing was ever stored
	config   *config.Config     // nil if it could not be read
	backend  string             // the configured backend when keychain was opened
	absent   error              // why keychain is nil: keychain.ErrNoStore or config.ErrNoHome
}

// moved reports whether a migration has changed the backend in use since the vault was opened. It names the new
// backend before it empties the old one.
func (v *vault) moved(getenv func(string) string) bool {
	if v.config == nil {
		return false
	}
	v.config.BackendMoved(getenv) // a write may have noticed it already
	return v.config.Backend != v.backend
}

// keyRef returns the Ref of one of the table's secrets.
func (v *vault) keyRef(known secrets.Secret) keychain.Ref {
	return keychain.Ref{Profile: v.config.Profile, Kind: keychain.KindEnv, Name: known.Name}
}

// loginRef returns the Ref of a registry's own credential.
func (v *vault) loginRef(registry string) keychain.Ref {
	return keychain.Ref{Profile: v.config.Profile, Kind: keychain.KindRegistry, Name: registry}
}

// find returns the item for a registry. It returns keychain.ErrNotFound without unlocking; other errors are
// the keychain's.
func (v *vault) find(registry string) (keychain.Item, error) {
	if v.keychain == nil {
		return keychain.Item{}, keychain.ErrNotFound
	}
	known, isKnown := secrets.ForRegistry(registry)
	if !isKnown {
		return v.keychain.Get(v.loginRef(registry))
	}
	key, keyErr := v.keychain.Get(v.keyRef(known))
	if keyErr != nil && !errors.Is(keyErr, keychain.ErrNotFound) {
		return keychain.Item{}, keyErr
	}
	if keyErr == nil { // usually the only item
		if has, err := v.keychain.Has(v.loginRef(registry)); err != nil || !has {
			return key, err
		}
	}
	login, err := v.keychain.Get(v.loginRef(registry))
	switch {
	case err == nil && answers(login) && keyErr == nil:
		return later(key, login), nil
	case err == nil && answers(login):
		return login, nil
	case err == nil || errors.Is(err, keychain.ErrNotFound):
		return key, keyErr
	}
	return keychain.Item{}, err
}

// setKey stores a registry's key as the item that containers also get, in place of any other login to the
// registry. An unchanged value is not written, so that what is known about it is kept.
func (v *vault) setKey(known secrets.Secret, registry, value string) error {
	key := keychain.Item{Ref: v.keyRef(known), Secret: keychain.NewSecret(value)}
	// A locked store cannot be read, but can be written.
	if former, err := v.keychain.Get(key.Ref); err != nil || former.Secret != key.Secret {
		if err := v.keychain.Set(key); err != nil {
			return err
		}
	}
	return v.drop(v.loginRef(registry))
}

// setLogin stores a registry's own credential, unless find already returns it.
func (v *vault) setLogin(registry, user, value string) error {
	login := keychain.Item{Ref: v.loginRef(registry), Username: user, Secret: keychain.NewSecret(value)}
	former, err := v.find(registry)
	if err == nil {
		// A key's item has no user name, so it never equals a login.
		if former.Username == login.Username && former.Secret == login.Secret {
			return nil
		}
		login.Updated = time.Now().UTC().Truncate(time.Second)
		// A clock was wrong. The new login must be the newest, and the keychain stores no date far ahead.
		if former.Kind == keychain.KindEnv && former.Updated.After(login.Updated) {
			former.Updated = login.Updated
			if err := v.keychain.Set(former); err != nil {
				return err
			}
		}
	}
	return v.keychain.Set(login)
}

// remove removes everything that find could return for a registry.
func (v *vault) remove(registry string) error {
	if v.keychain == nil {
		return nil
	}
	if known, isKnown := secrets.ForRegistry(registry); isKnown {
		key := v.keyRef(known)
		previous := key
		previous.Kind = keychain.KindPrevious // the value kept by "ragenv rotate" also opens the registry
		for _, ref := range []keychain.Ref{key, previous} {
			if err := v.drop(ref); err != nil {
				return err
			}
		}
	}
	return v.drop(v.loginRef(registry))
}

// drop removes an item if it is stored. For an absent one it takes no lock and writes nothing.
func (v *vault) drop(ref keychain.Ref) error {
	stored := v.keychain.Stored()
	if has, err := stored.Has(ref); err != nil || !has {
		return err
	}
	if err := stored.Remove(ref); err != nil && !errors.Is(err, keychain.ErrNotFound) {
		return err
	}
	return nil
}

// refs returns the Refs of the items that answer for registries and that find can find.
func (v *vault) refs() ([]keychain.Ref, error) {
	if v.keychain == nil {
		return nil, nil
	}
	all, err := v.keychain.List(v.config.Profile)
	if err != nil {
		return nil, err
	}
	refs := all[:0]
	for _, ref := range all {
		if ref.Kind == keychain.KindRegistry {
			if canonical, err := serverurl.Canonical(ref.Name); err != nil || canonical != ref.Name {
				continue // another spelling: find never asks for it
			}
		}
		if len(registriesOf(ref)) > 0 {
			refs = append(refs, ref)
		}
	}
	return refs, nil
}

// registriesOf returns the registries that an item answers for.
func registriesOf(ref keychain.Ref) []string {
	switch ref.Kind {
	case keychain.KindEnv:
		known, _ := secrets.Lookup(ref.Name)
		return known.Registries
	case keychain.KindRegistry:
		return []string{ref.Name}
	}
	return nil
}

// notStored returns the registries that one of the table's secrets opens, but that no stored item answers
// for.
func notStored(stored []keychain.Ref) map[string]secrets.Secret {
	open := map[string]secrets.Secret{}
	for _, known := range secrets.All() {
		for _, registry := range known.Registries {
			open[registry] = known
		}
	}
	for _, ref := range stored {
		for _, registry := range registriesOf(ref) {
			delete(open, registry)
		}
	}
	return open
}

// byRegistry maps each registry that items answer for to the item that find would return.
func byRegistry(items []keychain.Item) map[string]keychain.Item {
	found := make(map[string]keychain.Item, len(items))
	for _, item := range items {
		if !answers(item) {
			continue
		}
		for _, registry := range registriesOf(item.Ref) {
			other, taken := found[registry]
			switch {
			case !taken:
				found[registry] = item
			case item.Kind == keychain.KindRegistry:
				found[registry] = later(other, item)
			default:
				found[registry] = later(item, other)
			}
		}
	}
	return found
}

// answers reports whether an item is ever returned. An identity token is not, for a registry that one of
// the table's keys opens.
func answers(item keychain.Item) bool {
	if item.Kind != keychain.KindRegistry || item.Username != secrets.TokenUser {
		return true
	}
	_, isKnown := secrets.ForRegistry(item.Name)
	return !isKnown
}

// later returns the item stored last. Times are whole seconds; within one, the login wins, because its user
// name was chosen deliberately.
func later(key, login keychain.Item) keychain.Item {
	if key.Updated.After(login.Updated) {
		return key
	}
	return login
}

// LoginAnswers reports whether the helper answers a registry with login, under another user name, instead
// of with the stored key that opens the registry.
func LoginAnswers(key, login keychain.Item) bool {
	return answers(login) && later(key, login).Kind == keychain.KindRegistry
}

// asCredential returns an item in the protocol's form, or the reason why it cannot be returned. Errors
// contain no secret.
func asCredential(item keychain.Item) (credentials.Credentials, error) {
	c := credentials.Credentials{Username: item.Username, Secret: item.Secret.Reveal()}
	if item.Kind == keychain.KindEnv {
		known, _ := secrets.Lookup(item.Name)
		c.Username = known.Username
		if c.Secret == "" {
			return credentials.Credentials{}, ui.Errorf("ragenv set "+item.Name, "the value stored as %s is empty", item.Name)
		}
	}
	if !utf8.ValidString(c.Username) || !utf8.ValidString(c.Secret) {
		hint := "docker login " + shellquote.Word(item.Name)
		if item.Kind == keychain.KindEnv {
			hint = "ragenv set " + item.Name
		}
		return credentials.Credentials{}, ui.Errorf(hint, "what is stored for %s is not valid UTF-8, which Docker's protocol cannot carry", item.Name)
	}
	return c, nil
}
