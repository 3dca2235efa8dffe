package credentialhelper

import (
	"errors"
	"fmt"
	"io"
	"runtime/debug"
	"sync"
	"time"

	"github.com/docker/docker-credential-helpers/credentials"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// helper answers for the active profile. It implements upstream's credentials.Helper.
//
// A registry that a secret of the table opens (nvcr.io) is answered from that secret's item, so that "docker login" and
// "ragenv set" write the same one; a login to it under another user is next to it, and the later of the two is answered.
// Every other registry's credential is an item of its own, under the registry's canonical name.
type helper struct {
	getenv   func(string) string
	settings func() (*config.Config, error) // read once
	print    ui.Printer
}

var _ credentials.Helper = (*helper)(nil)

func newHelper(getenv func(string) string, stderr io.Writer) *helper {
	return &helper{
		getenv:   getenv,
		settings: sync.OnceValues(func() (*config.Config, error) { return config.Load(getenv) }),
		print:    ui.Printer{Program: Program, W: stderr},
	}
}

// Get returns user and secret for a server. Errors: upstream's not found, the keychain's, the configuration's.
//
// A missing credential is silent, as most registries are public, unless one of the table's secrets would open the
// registry: then the user is told how to store it, because "docker pull" only says "unauthorized".
//
// A locked keychain has no login to give, nor has a command that fails. Were that an error to the client, Docker 29 would stop every pull and build of a
// public image, too; so a private one fails with the registry's "unauthorized" below the lines that explain it.
func (h *helper) Get(server string) (user, secret string, err error) {
	registry, err := serverurl.Canonical(server)
	if err != nil {
		// Nothing can be stored under it.
		h.print.Warn("%v", err)
		return "", "", credentials.NewErrCredentialsNotFound()
	}
	v, item, err := h.find(registry, credentials.ActionGet, server)
	if errors.Is(err, keychain.ErrNotFound) {
		return h.getMissing(registry, v)
	}
	if errors.Is(err, keychain.ErrLocked) || isSourced(err) {
		h.print.Fail(fmt.Errorf("%w, so %s gets no login", err, registry))
		return "", "", credentials.NewErrCredentialsNotFound()
	}
	if err != nil {
		return "", "", h.explain(err)
	}
	c, err := asCredential(item)
	if err != nil {
		return "", "", err
	}
	if expires := item.Expires; !expires.IsZero() && !time.Now().Before(expires) {
		h.print.Warn("%s expired on %s", item.Name, expires.Local().Format(time.DateOnly))
		if item.Kind == keychain.KindRegistry {
			h.print.Hint("docker login %s", shellquote.Word(item.Name))
		} else {
			h.print.Hint("ragenv rotate %s", item.Name)
		}
	}
	return c.Username, c.Secret, nil
}

// find returns the item that answers for a registry, and the vault, also on errors. What is not found is looked for again where a migration
// named another backend meanwhile: it does so before it empties the old one. That one may take another program, which is
// then run in this one's place, with the verb and the input that the client gave.
func (h *helper) find(registry, verb, input string) (*vault, keychain.Item, error) {
	for {
		v, err := h.openRead()
		if err != nil {
			return v, keychain.Item{}, err
		}
		item, err := v.find(registry)
		if !errors.Is(err, keychain.ErrNotFound) || v.config == nil || !v.config.BackendMoved(h.getenv) {
			return v, item, err
		}
		if err := h.handOverAgain(verb, input); err != nil {
			return v, keychain.Item{}, err
		}
	}
}

// getMissing answers for a registry of which nothing is stored.
func (h *helper) getMissing(registry string, v *vault) (user, secret string, err error) {
	if known, isKnown := secrets.ForRegistry(registry); isKnown {
		value, err := h.fromEnvironment(known)
		switch {
		case err != nil:
			h.print.Fail(err)
		case value != "":
			return known.Username, value, nil
		default:
			h.print.Fail(h.missing(known, v))
		}
	}
	return "", "", credentials.NewErrCredentialsNotFound()
}

// Add stores a credential. It refuses none that can be given back: Docker calls it after every login, with the same values
// too, and then nothing is written, and what is known of the key (its expiry) stays.
func (h *helper) Add(c *credentials.Credentials) error {
	registry, err := serverurl.Canonical(c.ServerURL)
	if err != nil {
		return err
	}
	known, isKnown := secrets.ForRegistry(registry)
	if isKnown && serverurl.BelowNGC(c.ServerURL) {
		// One key opens all of the registry: stored for a path, it would replace that of every other path.
		return ui.Errorf("docker login "+registry, "a login for a path of %s is not stored: one key covers the whole registry", registry)
	}
	if isKnown && c.Username == secrets.TokenUser {
		h.print.Warn("%s takes no identity tokens, so this one is not kept", registry)
		return nil
	}
	v, err := h.openWrite()
	if err != nil {
		return h.explain(err)
	}
	if isKnown && secrets.OpensAsKey(known, c.Username, c.Secret) {
		if err := v.setKey(known, registry, c.Secret); err != nil {
			return h.explain(err)
		}
		if c.Username != known.Username {
			h.print.Note("a key opens %s as %s alone, so this one is stored as %s", registry, known.Username, known.Name)
		}
		return nil
	}
	return h.explain(v.setLogin(registry, c.Username, c.Secret))
}

// Delete removes all that Get could answer for a server. Removing what is not there succeeds: "docker logout" erases four
// spellings, http:// among them, and podman fails on an error. A path below nvcr.io has no login of its own: nothing goes.
func (h *helper) Delete(server string) error {
	registry, err := serverurl.Canonical(server)
	switch {
	case errors.Is(err, serverurl.ErrClearText):
		return nil
	case err == nil && serverurl.BelowNGC(server):
		h.print.Warn("nothing is removed for a path of %s: one key covers the whole registry", registry)
		h.print.Hint("docker logout %s", registry)
		return nil
	}
	if err != nil {
		h.print.Warn("%v", err)
		return nil
	}
	v, err := h.openRead()
	if err != nil {
		return h.explain(err)
	}
	if err := v.remove(registry); err != nil {
		return h.explain(err)
	}
	if known, isKnown := secrets.ForRegistry(registry); isKnown && v.keychain != nil && v.keychain.Sourced(v.keyRef(known)) {
		h.print.Warn("%s comes from a command, so %s still gets a login", known.Name, registry)
		h.print.Hint("ragenv source rm %s", known.Name)
	}
	return nil
}

// List returns the user of every server that Get answers now.
//
// With a locked store these are none, and a warning: clients list before a build or a container that may need no login at
// all. Were it an error, "docker build" would drop what other helpers answered too and say nothing, and
// "docker run --use-api-socket" and docker-py would stop; so would they if a server were listed and its get failed.
func (h *helper) List() (map[string]string, error) {
	stored, items, err := h.readAll()
	if err != nil {
		return nil, h.explain(err)
	}
	users := map[string]string{}
	for registry, item := range byRegistry(items) {
		if c, err := asCredential(item); err != nil {
			h.print.Warn("%v, so %s is not listed", err, registry)
		} else {
			users[registry] = c.Username
		}
	}
	for registry, known := range notStored(stored) {
		if value, err := h.fromEnvironment(known); err != nil {
			h.print.Warn("%v, so %s is not listed", err, registry)
		} else if value != "" {
			users[registry] = known.Username
		}
	}
	return users, nil
}

// readAll returns the items that answer for some registry, with the names of those that could not be read; from the new backend where a
// migration was emptying the old one meanwhile.
func (h *helper) readAll() (stored []keychain.Ref, items []keychain.Item, err error) {
	for {
		v, err := h.openRead()
		if err == nil {
			stored, err = v.refs()
		}
		if err == nil {
			items, err = h.readable(v, stored)
		}
		if err != nil || v.config == nil || !v.config.BackendMoved(h.getenv) {
			return stored, items, err
		}
		if err := h.handOverAgain(credentials.ActionList, ""); err != nil {
			return nil, nil, err
		}
	}
}

// listMemory is how much memory, in bytes, listing may take before it is collected.
const listMemory = 64 << 20

// readable reads the items it can, and warns of the others.
func (h *helper) readable(v *vault, refs []keychain.Ref) ([]keychain.Item, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	// Reading an item takes a buffer of 64 KiB, and the process ends with the answer: collecting them along the way would
	// be half of the work for a hundred items.
	defer debug.SetGCPercent(debug.SetGCPercent(-1))
	defer debug.SetMemoryLimit(debug.SetMemoryLimit(listMemory))
	items, err := v.keychain.GetAll(refs)
	switch {
	case errors.Is(err, keychain.ErrLocked):
		h.print.Warn("the keychain is locked, so its registries are not listed")
		h.print.Hint("%s", ui.Explain(err).Hint)
		return nil, nil
	case !errors.Is(err, keychain.ErrDamaged) && !isSourced(err):
		return items, err
	}
	items = nil
	for _, ref := range refs { // one bad item must not hide the others
		item, err := v.keychain.Get(ref)
		switch {
		case err == nil:
			items = append(items, item)
		case errors.Is(err, keychain.ErrDamaged), isSourced(err):
			h.print.Warn("%v, so it is not listed", err)
		case !errors.Is(err, keychain.ErrNotFound):
			return nil, err
		}
	}
	return items, nil
}

// isSourced reports whether an error is about a key that comes from a command, and no other.
func isSourced(err error) bool {
	var sourced *keychain.SourcedError
	return errors.Is(err, keychain.ErrSource) || errors.As(err, &sourced)
}
