// Package system opens the keychains that an operating system or another program keeps, with 99designs/keyring. Importing it
// is enough: pkg/keychain has its backends then.
//
// The library connects to the D-Bus session bus while the program starts, whatever backend is used, and it links much: so
// a program that is started often and needs the file store only does not import this package.
package system

import (
	"cmp"

	"github.com/99designs/keyring"

	"github.com/ragenv/ragenv/pkg/keychain"
)

func init() { keychain.RegisterSystem(system{}) }

type system struct{}

// Open opens a backend.
func (system) Open(opts keychain.Options) (keychain.SystemBackend, error) {
	r, err := find(opts)
	if err != nil {
		return nil, err
	}
	r.open(opts)
	return r, nil
}

// Probe tells why a backend cannot be used now.
func (system) Probe(opts keychain.Options) error {
	opts.Interactive = false
	r, err := find(opts)
	if err != nil || r.name == keychain.BackendKeyctl { // to open that one would make a keyring
		return err
	}
	r.open(opts)
	return r.usable()
}

// kwallet is the wallet that KDE makes for everybody.
const kwallet = "kdewallet"

// keyctlPerm lets the possessor do everything, and the same user view, read, write, search and link from any session: the
// default would hide a key from sessions that do not link the user keyring (keyctl_setperm(3)).
const keyctlPerm = 0x3f0b0000

func namespace(opts keychain.Options) string {
	return cmp.Or(opts.Namespace, keychain.DefaultNamespace)
}

func collection(opts keychain.Options) string {
	return cmp.Or(opts.Collection, keychain.DefaultCollection)
}

// naming says how a Ref is called in a backend, and back. The two are inverse; parse is false for what is not ours.
type naming struct {
	format func(keychain.Ref) string
	parse  func(string) (keychain.Ref, bool)
}

var (
	// pathNaming is for backends that keep a tree or hide names.
	pathNaming = naming{format: keychain.Ref.Key, parse: keychain.ParseKey}
	// labelNaming is for those whose names a user reads.
	labelNaming = naming{format: keychain.Ref.Label, parse: keychain.ParseLabel}
)

// backend describes a backend of the keyring library, or one with a client of our own.
type backend struct {
	name string
	// client returns our own client and what guards it, where the library's is not used.
	client func(keychain.Options) (keyring.Keyring, guard)
	// configure sets what the library needs to know.
	configure func(*keyring.Config, keychain.Options)
	// names says how a Ref is called there.
	names naming
	// maxData is the longest data of one item in bytes, 0 for no limit.
	maxData int
	// missing explains why the library has no such backend in this process.
	missing string
}

var backends = []backend{
	{
		name: keychain.BackendKeychain, names: labelNaming,
		client: func(o keychain.Options) (keyring.Keyring, guard) {
			s := newSecurityTool(o)
			return s, securityGuard(s)
		},
	},
	{
		name: keychain.BackendWinCred, names: labelNaming, maxData: 2560, // CRED_MAX_CREDENTIAL_BLOB_SIZE
		configure: func(c *keyring.Config, o keychain.Options) { c.ServiceName, c.WinCredPrefix = "keys", namespace(o) },
	},
	{
		name: keychain.BackendSecretService, names: labelNaming,
		configure: func(c *keyring.Config, o keychain.Options) { c.LibSecretCollectionName = collection(o) },
		missing:   noSessionBus,
	},
	{
		name: keychain.BackendKWallet, names: labelNaming,
		configure: func(c *keyring.Config, o keychain.Options) {
			c.ServiceName, c.KWalletAppID, c.KWalletFolder = kwallet, namespace(o), namespace(o)
		},
		missing: noSessionBus,
	},
	{
		name: keychain.BackendPass, names: pathNaming,
		client: passClient,
	},
	{
		name: keychain.BackendKeyctl, names: pathNaming, maxData: 32767, // user-defined keys, keyrings(7)
		configure: func(c *keyring.Config, o keychain.Options) {
			c.ServiceName, c.KeyCtlScope, c.KeyCtlPerm = namespace(o), "user", keyctlPerm
		},
	},
}

const noSessionBus = "there is no D-Bus session bus: no Unix socket of yours in DBUS_SESSION_BUS_ADDRESS or /run/user"
