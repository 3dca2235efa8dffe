package keychain

import (
	"fmt"
	"runtime"
	"slices"
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
	// BackendKeychain is the macOS Keychain.
	BackendKeychain = "keychain"
	// BackendWinCred is the Windows Credential Manager.
	BackendWinCred = "wincred"
)

// DefaultCollection is the Secret Service collection that a desktop unlocks at login.
const DefaultCollection = "login"

// goos is the system whose backends there are. A test's build sets another one (-ldflags -X).
var goos = runtime.GOOS

// systemBackends are the operating systems that a backend exists for, the best backend first. The others than those of the
// first write are only used when they are named: KWallet's own API is the older way to it, pass needs a key made for it, and
// keyctl forgets.
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

// FirstWriteBackends returns what the first write may choose on this operating system, the best first: the first that works
// here and now (Probe) is it. The last is BackendFile, which every machine has.
func FirstWriteBackends() []string {
	var names []string
	for _, b := range systemBackends {
		if b.firstWrite && slices.Contains(b.goos, goos) {
			names = append(names, b.name)
		}
	}
	return append(names, BackendFile)
}

// Backends returns the names of all backends that exist for this operating system, the best first.
func Backends() []string {
	var names []string
	for _, b := range systemBackends {
		if slices.Contains(b.goos, goos) {
			names = append(names, b.name)
		}
	}
	return append(names, BackendFile)
}

// Volatile reports whether a reboot, or the end of the session, empties a backend: the kernel's keyring, and the Secret Service's
// collection of that kind.
func Volatile(opts Options) bool {
	return opts.Backend == BackendKeyctl || opts.Backend == BackendSecretService && opts.Collection == "session"
}

// Backend is what a keychain needs of a backend. Errors are this package's; an absent item is ErrNotFound, also for
// Remove. Data holds the Ref's Key inside, so a backend need not bind the two.
type Backend interface {
	Get(ref Ref) ([]byte, error)
	Has(ref Ref) (bool, error)
	Set(ref Ref, data []byte) error
	Remove(ref Ref) error
	Refs() ([]Ref, error)
}

// SystemBackend is a backend that the operating system or another program keeps.
type SystemBackend interface {
	Backend
	// Unlocked is nil unless reading would ask a user who is not there. Errors: ErrLocked, and what keeps it from telling.
	Unlocked() error
	// Unlock lets it ask the user. Errors: ErrLocked if it stays locked, ErrTimeout, ErrUnavailable.
	Unlock() error
}

// System opens the backends that Backends names, but BackendFile. Errors: ErrUnavailable, ErrTimeout.
type System interface {
	Open(Options) (SystemBackend, error)
	// Probe is Probe.
	Probe(Options) error
}

var system System

// RegisterSystem is called by pkg/keychain/system while the program starts. A program that does not import that package has
// the file store alone: it links none of the other services' clients and starts faster.
func RegisterSystem(s System) { system = s }

// HasSystem reports whether this program has backends in addition to the file store.
func HasSystem() bool { return system != nil }

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
	if err := checkSystem(opts.Backend); err != nil {
		return err
	}
	return system.Probe(opts)
}

// checkSystem reports whether a backend is one that system opens.
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
