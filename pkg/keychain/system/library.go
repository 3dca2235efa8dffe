//go:build !darwin

package system

import (
	"cmp"
	"errors"
	"slices"

	"github.com/99designs/keyring"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// This file alone uses the keyring library: docs/third-party.md says how to replace it with a fork.

// kwallet is the wallet that KDE creates by default.
const kwallet = "kdewallet"

// keyctlPerm gives the possessor all permissions, and the same user view, read, write, search and link. The
// default would hide a key from sessions that do not link the user keyring (keyctl_setperm(3)).
const keyctlPerm = 0x3f0b0000

func collection(opts keychain.Options) string {
	return cmp.Or(opts.Collection, keychain.DefaultCollection)
}

// settings are the library's options for each backend that it serves here.
var settings = map[string]func(*keyring.Config, keychain.Options){
	keychain.BackendWinCred: func(c *keyring.Config, o keychain.Options) {
		c.ServiceName, c.WinCredPrefix = "keys", namespace
	},
	keychain.BackendSecretService: func(c *keyring.Config, o keychain.Options) {
		c.LibSecretCollectionName = collection(o)
	},
	keychain.BackendKWallet: func(c *keyring.Config, o keychain.Options) {
		c.ServiceName, c.KWalletAppID, c.KWalletFolder = kwallet, namespace, namespace
	},
	keychain.BackendKeyctl: func(c *keyring.Config, o keychain.Options) {
		c.ServiceName, c.KeyCtlScope, c.KeyCtlPerm = namespace, "user", keyctlPerm
	},
}

// libraryHas reports whether the library has a backend in this process.
func libraryHas(backend string) bool {
	return slices.Contains(keyring.AvailableBackends(), keyring.BackendType(backend))
}

// openLibrary opens one of the library's backends. Error: keychain.ErrUnavailable if the library hides why
// it did not open.
func openLibrary(backend string, opts keychain.Options) (client, error) {
	config := keyring.Config{AllowedBackends: []keyring.BackendType{keyring.BackendType(backend)}}
	settings[backend](&config, opts)
	ring, err := keyring.Open(config)
	if errors.Is(err, keyring.ErrNoAvailImpl) {
		return nil, unavailable(backend, "it did not open")
	}
	return library{ring}, err
}

// library is one of the library's backends as a client.
type library struct{ ring keyring.Keyring }

func (l library) Get(name string) (entry, error) {
	item, err := l.ring.Get(name)
	if errors.Is(err, keyring.ErrKeyNotFound) {
		err = errAbsent
	}
	return entry(item), err
}

func (l library) Set(e entry) error { return l.ring.Set(keyring.Item(e)) }

func (l library) Remove(name string) error {
	err := l.ring.Remove(name)
	if errors.Is(err, keyring.ErrKeyNotFound) {
		err = errAbsent
	}
	return err
}

func (l library) Keys() ([]string, error) { return l.ring.Keys() }
