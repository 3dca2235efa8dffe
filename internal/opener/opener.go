// Package opener opens the keychain that the configuration names. For writing, it creates a missing file
// store and pins its backend.
package opener

import (
	"errors"
	"strconv"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Opener opens keychains for one run of a program.
type Opener struct {
	Config *config.Config
	Getenv func(string) string
	// AskNew returns the passphrase for a new file store, empty for none. If it is nil, nothing is asked.
	AskNew func() ([]byte, error)
	// Dir is a file store outside the configured place, as left by ragenv reset. Nothing keeps it unlocked.
	Dir string
	// WorkFactor is that of keychain.Protection, for a new file store.
	WorkFactor int
	// Interactive lets another program's backend show its own prompt.
	Interactive bool
	// Print receives warnings and, once, the backend that the first write chose.
	Print ui.Printer
}

// Read opens the keychain for reading, including the commands that supply keys. It returns
// keychain.ErrNoStore if nothing was ever stored and no command is configured, that is, if no backend is
// pinned and no file store exists. It finds that out without calling a service of the operating system.
func (o Opener) Read() (*keychain.Keychain, error) {
	backend := o.Config.Backend
	if backend == "" {
		backend = keychain.BackendFile
	}
	k, err := o.Open(backend)
	if errors.Is(err, keychain.ErrNoStore) && o.sources() != nil {
		return keychain.OnlySource(o.sources()), nil
	}
	return o.inUse(k, err)
}

// Open opens a backend by name for reading and writing.
func (o Opener) Open(backend string) (*keychain.Keychain, error) {
	return keychain.Open(o.options(backend))
}

// newSources returns a source that runs the commands of a config file. It is nil in a program that runs
// none.
var newSources func(*config.Config) keychain.Source

// RegisterSources sets the function that creates a source from a config file. internal/source calls it at
// program start. A program that does not import that package runs no commands: docker-credential-ngc on
// Linux hands over to ragenv instead.
func RegisterSources(open func(*config.Config) keychain.Source) { newSources = open }

// sources returns the commands that supply keys, nil if there are none.
func (o Opener) sources() keychain.Source {
	if newSources == nil || len(o.Config.Sourced("")) == 0 {
		return nil
	}
	return newSources(o.Config)
}

// inUse makes a keychain the one in use: it follows migrations and has the configured sources.
func (o Opener) inUse(k *keychain.Keychain, err error) (*keychain.Keychain, error) {
	if err != nil {
		return k, err
	}
	k = k.Following(mover{o})
	if source := o.sources(); source != nil {
		k = k.WithSource(source)
	}
	return k, nil
}

// mover reads from the config file which backend is in use now.
type mover struct{ Opener }

func (m mover) Moved(name string) string {
	m.Config.BackendMoved(m.Getenv)
	if m.Config.Backend == "" { // nothing was pinned
		return name
	}
	return m.Config.Backend
}

// Write opens the keychain for writing. The first write chooses a backend, pins it in the config file and
// says so once. It creates a missing file store, as OpenOrCreate does.
func (o Opener) Write() (*keychain.Keychain, error) {
	backend := o.Config.Backend
	switch {
	case backend != "":
	case keychain.FileStoreExists(o.Config.Paths.Store):
		backend = keychain.BackendFile // created before: keys must not vanish if the config file is lost
	default:
		backend = o.choose()
	}
	k, err := o.OpenOrCreate(backend)
	if err != nil {
		return nil, err
	}
	if err := o.pin(backend); err != nil {
		return k, err
	}
	return o.inUse(k, nil)
}

// OpenOrCreate opens a backend by name. It creates a missing file store, with the passphrase from the
// environment or from AskNew. Without either it fails, with a hint that says how to create the file store.
func (o Opener) OpenOrCreate(backend string) (*keychain.Keychain, error) {
	k, err := o.Open(backend)
	if errors.Is(err, keychain.ErrNoStore) {
		return o.create()
	}
	return k, err
}

// Create creates the file store with this passphrase, empty for none, and pins the backend.
func (o Opener) Create(passphrase []byte) (*keychain.Keychain, error) {
	stop := o.Print.Working("Creating the keychain")
	k, err := keychain.CreateFileStore(o.options(keychain.BackendFile), o.protection(passphrase))
	stop()
	if err != nil {
		return nil, err
	}
	return k, o.pin(keychain.BackendFile)
}

// SetAside renames the file store, readable or not, and returns its new directory and the items in it. See
// keychain.SetFileStoreAside.
func (o Opener) SetAside(date time.Time) (dir string, refs []keychain.Ref, err error) {
	return keychain.SetFileStoreAside(o.options(keychain.BackendFile), date)
}

// Reinstate undoes SetAside if no file store was created since.
func (o Opener) Reinstate(dir string) error {
	return keychain.ReinstateFileStore(o.options(keychain.BackendFile), dir)
}

func (o Opener) create() (*keychain.Keychain, error) {
	options := o.options(keychain.BackendFile)
	secret, typed, err := o.NewPassphrase()
	if err != nil {
		return nil, err
	}
	if !typed {
		options.CacheFor = 0 // storing needs no unlocked file store
	}
	unlock, err := o.LockChanges() // a reset creates its own
	if err != nil {
		return nil, err
	}
	defer unlock()
	stop := o.Print.Working("Creating the keychain")
	k, err := keychain.CreateFileStore(options, o.protection(secret))
	stop()
	if errors.Is(err, keychain.ErrStoreExists) { // another process was faster
		return o.Open(keychain.BackendFile)
	}
	return k, err
}

// CanCreate returns nil if Write could create the keychain. A file store needs a passphrase from the
// environment, or a terminal to ask for one. CanCreate asks nothing and writes nothing.
func (o Opener) CanCreate() error {
	if backend := o.Config.Backend; backend == "" && o.choose() != keychain.BackendFile || backend != "" && backend != keychain.BackendFile {
		return nil
	}
	_, err := passphrase.FromEnvironment(o.Getenv)
	if !errors.Is(err, passphrase.ErrNone) {
		return err
	}
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return o.noStore()
	}
	terminal.Close()
	return nil
}

// NewPassphrase returns the passphrase for a new file store, empty for none. It comes from the environment
// or from AskNew; typed reports the latter.
func (o Opener) NewPassphrase() (secret []byte, typed bool, err error) {
	secret, err = passphrase.FromEnvironment(o.Getenv)
	if !errors.Is(err, passphrase.ErrNone) {
		return secret, false, err
	}
	if o.AskNew == nil {
		return nil, false, o.noStore()
	}
	secret, err = o.AskNew()
	if errors.Is(err, ui.ErrNoTerminal) {
		err = o.noStore()
	}
	return secret, true, err
}

// workFactor is that of a new file store if none was chosen. Only tests set it, with -X, so that creating a
// store does not take a second. In a release it is empty, which means keychain.DefaultWorkFactor.
var workFactor string

func (o Opener) protection(passphrase []byte) keychain.Protection {
	factor := o.WorkFactor
	if factor == 0 {
		factor, _ = strconv.Atoi(workFactor)
	}
	return keychain.Protection{Passphrase: passphrase, WorkFactor: factor}
}

func (o Opener) noStore() error {
	setup := "ragenv setup --no-passphrase"
	if o.Config.Backend != "" && o.Config.Backend != keychain.BackendFile { // setup would create that one instead
		setup = config.EnvBackend + "=" + keychain.BackendFile + " " + setup
	}
	return ui.Errorf("set "+passphrase.EnvFile+" to a file of mode 0600 with its passphrase, or for none: "+setup,
		"%w, and no terminal to ask for its passphrase", keychain.ErrNoStore)
}

func (o Opener) pin(backend string) error {
	if o.Config.Backend != "" {
		return nil // already pinned, or set for this call only
	}
	return o.Pin(backend)
}

// Pin writes the backend for new keys to the config file, and says so.
func (o Opener) Pin(backend string) error {
	if err := o.Config.Pin(config.KeyBackend, backend); err != nil {
		return err
	}
	o.Print.Note("keys are now stored in the %s backend (%s)", backend, o.Config.Paths.ConfigFile)
	o.WarnIfVolatile(backend)
	return nil
}

// Volatile reports whether a reboot empties a backend. See keychain.Volatile.
func (o Opener) Volatile(backend string) bool { return keychain.Volatile(o.options(backend)) }

// WarnIfVolatile warns if a reboot empties the backend.
func (o Opener) WarnIfVolatile(backend string) {
	if o.Volatile(backend) {
		o.Print.Warn("the %s backend is volatile: a reboot empties it", backend)
		o.Print.Hint("keep a copy with ragenv backup keys.age, or move the keys to the disk: ragenv backend migrate %s %s", backend, keychain.BackendFile)
	}
}

// choose returns the backend for the first write: the operating system's keychain if it works now,
// otherwise the file store. Other backends are used only if the user names them.
func (o Opener) choose() string {
	candidates := keychain.FirstWriteBackends()
	last := len(candidates) - 1
	for _, backend := range candidates[:last] {
		if o.Probe(backend) == nil {
			return backend
		}
	}
	return candidates[last]
}

func (o Opener) options(backend string) keychain.Options {
	dir, unlock := o.Config.Paths.Store, o.Config.Unlock
	if o.Dir != "" {
		dir, unlock = o.Dir, 0
	}
	return keychain.Options{
		Backend:     backend,
		Dir:         dir,
		Passphrase:  o.passphrase,
		CacheFor:    unlock,
		Interactive: o.Interactive,
		Collection:  o.Config.Collection,
		Accept:      Accept,
		Warn:        func(message string) { o.Print.Warn("%s", message) },
	}
}

func (o Opener) passphrase() ([]byte, error) {
	secret, err := passphrase.FromEnvironment(o.Getenv)
	if errors.Is(err, passphrase.ErrNone) {
		return nil, passphrase.LockedError{} // never asks here: parallel pulls would all ask
	}
	return secret, err
}

// Probe returns the reason why a backend cannot be used now, nil if it can. See keychain.Probe.
func (o Opener) Probe(backend string) error { return keychain.Probe(o.options(backend)) }
