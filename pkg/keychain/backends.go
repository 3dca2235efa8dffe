package keychain

import (
	"fmt"
	"runtime"
	"slices"
)

// The backend names. 99designs/keyring uses the same ones.
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
	// BackendKeychain is the macOS Keychain.
	BackendKeychain = "keychain"
	// BackendWinCred is the Windows Credential Manager.
	BackendWinCred = "wincred"
)

// DefaultCollection is the Secret Service collection that a desktop unlocks at login.
const DefaultCollection = "login"

// goos selects the backends. A test build overrides it with -ldflags -X.
var goos = runtime.GOOS

// systemBackends lists the backends of each operating system, best first. A backend without firstWrite is
// used only when the user names it: KWallet's own API is the legacy one, pass needs a GPG key set up for
// it, and keyctl loses its keys at reboot.
var systemBackends = []struct {
	name       string
	goos       []string
	firstWrite bool
}{
	{BackendKeychain, []string{"darwin"}, true},
	{BackendWinCred, []string{"windows"}, true},
	{BackendSecretService, []string{"linux"}, true},
	{BackendKWallet, []string{"linux"}, false},
	{BackendPass, []string{"linux", "darwin"}, false},
	{BackendKeyctl, []string{"linux"}, false},
}

// FirstWriteBackends returns the backends to try for a first write on this operating system, best first.
// Use the first one that passes Probe. The last is BackendFile, which works on every machine.
func FirstWriteBackends() []string {
	var names []string
	for _, b := range systemBackends {
		if b.firstWrite && slices.Contains(b.goos, goos) {
			names = append(names, b.name)
		}
	}
	return append(names, BackendFile)
}

// Backends returns the names of all backends that exist for this operating system, best first.
func Backends() []string {
	var names []string
	for _, b := range systemBackends {
		if slices.Contains(b.goos, goos) {
			names = append(names, b.name)
		}
	}
	return append(names, BackendFile)
}

// Volatile reports whether a reboot or the end of the session empties the backend: the kernel keyring, or
// the Secret Service's session collection.
func Volatile(opts Options) bool {
	return opts.Backend == BackendKeyctl || opts.Backend == BackendSecretService && opts.Collection == "session"
}

// Backend is the storage under a Keychain. It returns this package's errors. Get and Remove return
// ErrNotFound for an absent item. The data includes the item's Ref.Key, so a backend need not bind name and
// data.
type Backend interface {
	Get(ref Ref) ([]byte, error)
	Has(ref Ref) (bool, error)
	Set(ref Ref, data []byte) error
	Remove(ref Ref) error
	Refs() ([]Ref, error)
}

// SystemBackend is a backend kept by the operating system or another program.
type SystemBackend interface {
	Backend
	// Unlocked returns nil if reading needs no prompt, or if prompting is allowed. Otherwise it returns
	// ErrLocked, or the error that prevented the check.
	Unlocked() error
	// Unlock lets the backend prompt the user. Errors: ErrLocked if it stays locked, ErrTimeout,
	// ErrUnavailable.
	Unlock() error
}

// System opens the backends that Backends names, except BackendFile. Errors: ErrUnavailable, ErrTimeout.
type System interface {
	Open(Options) (SystemBackend, error)
	// Probe implements the package's Probe for these backends.
	Probe(Options) error
}

var system System

// RegisterSystem sets the opener of system backends. pkg/keychain/system calls it from init. A program that
// does not import that package has only the file store: it links no other client and starts faster.
func RegisterSystem(s System) { system = s }

// HasSystem reports whether this program has backends other than the file store.
func HasSystem() bool { return system != nil }

// Probe returns the reason a backend cannot be used right now, or nil. It writes nothing, unlocks nothing
// and prompts for nothing. A file store that does not exist yet passes, because it can be created. Errors:
// ErrUnknownBackend, ErrUnavailable, ErrLocked, ErrTimeout, and those of Open.
func Probe(opts Options) error {
	if opts.Backend == BackendFile {
		if !FileStoreExists(opts.Dir) {
			return nil
		}
		_, err := openFile(opts)
		return err
	}
	if err := checkSystem(opts.Backend); err != nil {
		return err
	}
	return system.Probe(opts)
}

// checkSystem returns nil if system can open the backend. Errors: ErrUnknownBackend, ErrUnavailable.
func checkSystem(name string) error {
	for _, b := range systemBackends {
		switch {
		case b.name != name:
			continue
		case !slices.Contains(b.goos, goos):
			return fmt.Errorf("the %s backend is %w: it does not exist on %s", name, ErrUnavailable, goos)
		case system == nil:
			return fmt.Errorf("the %s backend is %w: this program was built without it", name, ErrUnavailable)
		}
		return nil
	}
	return fmt.Errorf("%w %.40q", ErrUnknownBackend, name)
}
