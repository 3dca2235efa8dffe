// Package system opens the keychains that an operating system or another program keeps, with
// 99designs/keyring or a client of its own. Importing it registers its backends with pkg/keychain.
//
// The library connects to the D-Bus session bus at program start, whatever the backend, and links a lot of
// code. A program that starts often and needs only the file store should not import this package.
package system

import "github.com/ragenv/ragenv/pkg/keychain"

func init() { keychain.RegisterSystem(system{}) }

type system struct{}

// Open implements keychain.System.
func (system) Open(opts keychain.Options) (keychain.SystemBackend, error) {
	r, err := find(opts)
	if err != nil {
		return nil, err
	}
	r.open(opts)
	return r, nil
}

// Probe implements keychain.System.
func (system) Probe(opts keychain.Options) error {
	opts.Interactive = false
	r, err := find(opts)
	if err != nil || r.name == keychain.BackendKeyctl { // opening keyctl would create a keyring
		return err
	}
	r.open(opts)
	return r.usable()
}

// namespace labels ragenv's entries in a shared backend. Tests use their own, in keychains that they share
// with the user.
var namespace = keychain.DefaultNamespace

// naming maps a Ref to its name in a backend and back. parse returns false for names that are not ragenv's.
type naming struct {
	format func(keychain.Ref) string
	parse  func(string) (keychain.Ref, bool)
}

var (
	// pathNaming is for backends that have a tree or do not show names.
	pathNaming = naming{format: keychain.Ref.Key, parse: keychain.ParseKey}
	// labelNaming is for backends whose names a user reads.
	labelNaming = naming{format: keychain.Ref.Label, parse: keychain.ParseLabel}
)

// backend describes a backend of the keyring library, or one with its own client here.
type backend struct {
	name string
	// own returns the client and guard that replace the library's. It is nil if the library's is used.
	own func(keychain.Options) (client, guard)
	// names maps items to names.
	names naming
	// maxData is the maximum length of an item's data in bytes; 0 means no limit.
	maxData int
	// missing is the reason to report if the library lacks the backend in this process.
	missing string
}

var backends = []backend{
	{
		name: keychain.BackendKeychain, names: labelNaming,
		own: func(o keychain.Options) (client, guard) {
			s := newSecurityTool(o)
			return s, securityGuard(s)
		},
	},
	{
		name: keychain.BackendWinCred, names: labelNaming, maxData: 2560, // CRED_MAX_CREDENTIAL_BLOB_SIZE
	},
	{
		name: keychain.BackendSecretService, names: labelNaming,
		missing: noSessionBus,
	},
	{
		name: keychain.BackendKWallet, names: labelNaming,
		missing: noSessionBus,
	},
	{
		name: keychain.BackendPass, names: pathNaming,
		own: passClient,
	},
	{
		name: keychain.BackendKeyctl, names: pathNaming, maxData: 32767, // user-defined keys, keyrings(7)
	},
}

const noSessionBus = "there is no D-Bus session bus: no Unix socket of yours in DBUS_SESSION_BUS_ADDRESS or /run/user"
