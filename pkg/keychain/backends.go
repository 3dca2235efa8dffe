package keychain

import (
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/99designs/keyring"
)

// The backends, by the names that 99designs/keyring gives them too.
const (
	// BackendFile is the embedded store of age-encrypted files, which every machine has.
	BackendFile = "file"
	// BackendSecretService is the Secret Service of GNOME Keyring, KeePassXC or KWallet, over D-Bus.
	BackendSecretService = "secret-service"
	// BackendKWallet is KDE's KWallet, over D-Bus.
	BackendKWallet = "kwallet"
	// BackendPass is pass, the standard Unix password manager.
	BackendPass = "pass"
	// BackendKeyctl is the Linux kernel's user keyring. It forgets at reboot.
	BackendKeyctl = "keyctl"
	// BackendKeychain is the macOS Keychain. It needs a binary built with cgo.
	BackendKeychain = "keychain"
	// BackendWinCred is the Windows Credential Manager.
	BackendWinCred = "wincred"
)

// Time limits of the backends that somebody else answers. A prompt waits for a person; nothing else should take long.
const (
	answerLimit = 5 * time.Second
	promptLimit = time.Minute
)

// DefaultCollection is the Secret Service collection that a desktop unlocks at login.
const DefaultCollection = "login"

// kwallet is the wallet that KDE makes for everybody.
const kwallet = "kdewallet"

// namespace is what our entries are called where a backend has one place for everybody.
const namespace = "ragenv"

// keyctlPerm lets the possessor do everything, and the same user view, read, write, search and link from any session: the
// default would hide a key from sessions that do not link the user keyring (keyctl_setperm(3)).
const keyctlPerm = 0x3f0b0000

// backend describes a backend of the keyring library.
type backend struct {
	name string
	goos []string
	// configure sets what the library needs to know.
	configure func(*keyring.Config, Options)
	// names says how a Ref is called there.
	names naming
	// maxData is the longest data of one item in bytes, 0 for no limit.
	maxData int
	// missing explains why the library has no such backend in this process.
	missing string
}

var backends = []backend{
	{
		name: BackendKeychain, goos: []string{"darwin"}, names: labelNaming,
		configure: func(c *keyring.Config, o Options) {
			c.ServiceName, c.KeychainTrustApplication = o.namespace(), true
		},
		missing: "this binary was built without cgo, which the macOS Keychain needs; install the macOS release or build with CGO_ENABLED=1",
	},
	{
		name: BackendWinCred, goos: []string{"windows"}, names: labelNaming, maxData: 2560, // CRED_MAX_CREDENTIAL_BLOB_SIZE
		configure: func(c *keyring.Config, o Options) { c.ServiceName, c.WinCredPrefix = "keys", o.namespace() },
	},
	{
		name: BackendSecretService, goos: []string{"linux"}, names: labelNaming,
		configure: func(c *keyring.Config, o Options) { c.LibSecretCollectionName = o.collection() },
		missing:   noSessionBus,
	},
	{
		name: BackendKWallet, goos: []string{"linux"}, names: labelNaming,
		configure: func(c *keyring.Config, o Options) {
			c.ServiceName, c.KWalletAppID, c.KWalletFolder = kwallet, o.namespace(), o.namespace()
		},
		missing: noSessionBus,
	},
	{
		name: BackendPass, goos: []string{"linux", "darwin"}, names: pathNaming,
		configure: func(c *keyring.Config, o Options) { c.PassPrefix = o.namespace() },
	},
	{
		name: BackendKeyctl, goos: []string{"linux"}, names: pathNaming, maxData: 32767, // user-defined keys, keyrings(7)
		configure: func(c *keyring.Config, o Options) {
			c.ServiceName, c.KeyCtlScope, c.KeyCtlPerm = o.namespace(), "user", keyctlPerm
		},
	},
}

const noSessionBus = "there is no D-Bus session bus: neither DBUS_SESSION_BUS_ADDRESS nor a socket in /run/user"

// Backends returns the names of all backends that exist for this operating system, the best first.
func Backends() []string {
	var names []string
	for _, b := range backends {
		if slices.Contains(b.goos, runtime.GOOS) {
			names = append(names, b.name)
		}
	}
	return append(names, BackendFile)
}

// Probe tells why a backend cannot be used here and now: nil if it can. It writes nothing, unlocks nothing and asks
// nothing. For the file store only what is broken counts: a store that is not there yet can be made. Errors:
// ErrUnknownBackend, ErrUnavailable, ErrLocked, ErrTimeout, and those of Open.
func Probe(opts Options) error {
	if opts.Backend == BackendFile {
		if !FileStoreExists(opts.Dir) {
			return nil
		}
		_, err := openFile(opts)
		return err
	}
	opts.Interactive = false
	r, err := findSystem(opts)
	if err != nil || r.name == BackendKeyctl { // to open that one would make a keyring
		return err
	}
	if err := r.open(opts); err != nil {
		return err
	}
	return r.usable()
}

func findBackend(name string) (backend, error) {
	for _, b := range backends {
		if b.name != name {
			continue
		}
		if !slices.Contains(b.goos, runtime.GOOS) {
			return b, fmt.Errorf("the %s backend is %w: it does not exist on %s", name, ErrUnavailable, runtime.GOOS)
		}
		return b, nil
	}
	return backend{}, fmt.Errorf("%w %.40q", ErrUnknownBackend, name)
}
