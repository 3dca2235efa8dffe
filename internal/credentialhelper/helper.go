package credentialhelper

import (
	"encoding/json"
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

// helper serves the active profile. It implements upstream's credentials.Helper.
//
// A registry opened by one of the table's secrets (nvcr.io) is answered from that secret's item, so that
// "docker login" and "ragenv set" write the same item. A login to it under another user name is stored
// separately, and the newer of the two is answered. The credential of every other registry is an item under
// the registry's canonical name.
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

// Get returns the user and secret for a server. Errors: upstream's not found, the keychain's, the
// configuration's.
//
// A missing credential is silent, because most registries are public. But if one of the table's secrets
// would open the registry, Get tells the user how to store it, because "docker pull" only says
// "unauthorized".
//
// A locked keychain and a failed command count as no login. An error would make Docker 29 stop every pull
// and build of public images too. A private image then fails with the registry's "unauthorized", below the
// lines that explain it.
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

// find returns the item for a registry, and the vault, which it also returns with an error. If the item is
// not found and a migration has changed the backend, find searches again, because the new backend is set
// before the old one is emptied. If the new backend needs ragenv, ragenv replaces this process, with the
// client's verb and input.
func (h *helper) find(registry, verb, input string) (*vault, keychain.Item, error) {
	for {
		v, err := h.openRead()
		if err != nil {
			return v, keychain.Item{}, err
		}
		item, err := v.find(registry)
		if !errors.Is(err, keychain.ErrNotFound) || !v.moved(h.getenv) {
			return v, item, err
		}
		if err := h.handOverAgain(verb, input); err != nil {
			return v, keychain.Item{}, err
		}
	}
}

// getMissing answers for a registry that has no stored item.
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

// Add stores a credential that Get can return. Docker calls it after every login, even with unchanged
// values. Then nothing is written, so that what is known about the key (its expiry) is kept.
func (h *helper) Add(c *credentials.Credentials) error {
	registry, err := serverurl.Canonical(c.ServerURL)
	if err != nil {
		return err
	}
	known, isKnown := secrets.ForRegistry(registry)
	if isKnown && serverurl.BelowNGC(c.ServerURL) {
		// One key opens the whole registry: stored for a path, it would replace the key of every other
		// path.
		return ui.Errorf("docker login "+registry, "a login for a path of %s is not stored: one key covers the whole registry", registry)
	}
	if isKnown && c.Username == secrets.TokenUser {
		h.print.Warn("%s does not accept identity tokens, so this one is not stored", registry)
		return nil
	}
	v, err := h.openWrite()
	if err != nil {
		return h.explain(err)
	}
	if isKnown && secrets.OpensAsKey(known, c.Username, c.Secret) {
		err := h.changing(v, func() error { return v.setKey(known, registry, c.Secret) })
		if err := h.stored(c, err); err != nil {
			return h.explain(err)
		}
		if c.Username != known.Username {
			h.print.Note("a key logs in to %s only as %s, so it is stored as %s", registry, known.Username, known.Name)
		}
		return nil
	}
	err = h.changing(v, func() error { return v.setLogin(registry, c.Username, c.Secret) })
	return h.explain(h.stored(c, err))
}

// stored returns the result of storing a credential. If a migration meanwhile moved everything to a backend that
// needs ragenv, ragenv replaces this process and stores it there.
func (h *helper) stored(c *credentials.Credentials, err error) error {
	var moved *keychain.MovedError
	if !errors.As(err, &moved) {
		return err
	}
	input, encoding := json.Marshal(c)
	if encoding != nil || len(input) > maxAgain {
		return err
	}
	if again := h.handOverAgain(credentials.ActionStore, string(input)); again != nil {
		return again
	}
	return err
}

// maxAgain is the longest input, in bytes, that handOverAgain can pass on: a pipe buffers at least a page without a
// reader.
const maxAgain = 4096

// Delete removes everything that Get could return for a server. An absent item is not an error: "docker
// logout" erases four spellings, including http://, and podman fails on an error. A path below nvcr.io has
// no login of its own, so nothing is removed for it.
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
	v, err := h.remove(registry, server)
	if err != nil {
		return h.explain(err)
	}
	if known, isKnown := secrets.ForRegistry(registry); isKnown && v.keychain != nil && v.keychain.Sourced(v.keyRef(known)) {
		h.print.Warn("%s comes from a command, so %s still gets a login", known.Name, registry)
		h.print.Hint("ragenv source rm %s", known.Name)
	}
	return nil
}

// remove removes everything that find could return for a registry, and returns the vault. If a migration moved
// everything to another backend in the meantime, it is removed there, by ragenv if the new backend needs it.
func (h *helper) remove(registry, server string) (*vault, error) {
	for {
		v, err := h.openRead()
		if err == nil {
			err = h.changing(v, func() error { return v.remove(registry) })
		}
		var unopened *keychain.MovedError
		if err != nil && !errors.As(err, &unopened) || !v.moved(h.getenv) {
			return v, err
		}
		if err := h.handOverAgain(credentials.ActionErase, server); err != nil {
			return v, err
		}
	}
}

// List returns the user of every server that Get can answer now.
//
// A locked store gives an empty list and a warning: clients list before a build or a container that may
// need no login. An error would make "docker build" silently drop other helpers' answers, and would stop
// "docker run --use-api-socket" and docker-py. So would a listed server whose get fails.
func (h *helper) List() (map[string]string, error) {
	stored, items, err := h.readAll()
	if err != nil {
		return nil, h.explain(err)
	}
	users := make(map[string]string, len(items))
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

// readAll returns the items that answer for registries, and the Refs of those that could not be read as
// well. After a migration it reads the new backend.
func (h *helper) readAll() (stored []keychain.Ref, items []keychain.Item, err error) {
	for {
		v, err := h.openRead()
		if err == nil {
			stored, err = v.refs()
		}
		if err == nil {
			items, err = h.readable(v, stored)
		}
		if err != nil || !v.moved(h.getenv) {
			return stored, items, err
		}
		if err := h.handOverAgain(credentials.ActionList, ""); err != nil {
			return nil, nil, err
		}
	}
}

// listMemory is how much memory, in bytes, the program may use for List before garbage is collected.
const listMemory = 64 << 20

// readable reads the items it can, and warns about the others.
func (h *helper) readable(v *vault, refs []keychain.Ref) ([]keychain.Item, error) {
	if len(refs) == 0 {
		return nil, nil
	}
	// Reading an item takes a 64 KiB buffer, so a hundred items would start the garbage collector several
	// times. The limits are not reset, which would start it once more: the process ends with the answer.
	debug.SetGCPercent(-1)
	debug.SetMemoryLimit(listMemory)
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

// isSourced reports whether an error concerns only a key that comes from a command.
func isSourced(err error) bool {
	var sourced *keychain.SourcedError
	return errors.Is(err, keychain.ErrSource) || errors.As(err, &sourced)
}
