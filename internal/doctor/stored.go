package doctor

import (
	"errors"
	"io/fs"
	"os"
	"slices"

	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// stored is the content of the keychain's active profile, as far as it can be read without unlocking.
type stored struct {
	keychain *keychain.Keychain
	openErr  error // why keychain is nil
	listErr  error // why refs are unknown
	writeErr error // why nothing can be stored
	refs     []keychain.Ref
	items    map[keychain.Ref]keychain.Item
	itemErrs map[keychain.Ref]error // keychain.ErrLocked also for items that were not read
	warnings []string
}

// stored returns the keychain's content, read once.
func (w *World) stored() *stored {
	w.storedOnce.Do(func() { w.storedKeys = w.readStored() })
	return w.storedKeys
}

// backend returns the backend to read: the configured one, else the file store.
func (w *World) backend() string {
	if w.Config.Backend == "" {
		return keychain.BackendFile
	}
	return w.Config.Backend
}

// readStored reads the keychain. It does not use package opener, which would keep a store unlocked for
// later processes if the environment has its passphrase.
func (w *World) readStored() *stored {
	s := &stored{items: map[keychain.Ref]keychain.Item{}, itemErrs: map[keychain.Ref]error{}}
	options := keychain.Options{
		Backend: w.backend(), Dir: w.Paths.Store, Collection: w.Config.Collection,
		Warn: func(message string) { s.warnings = append(s.warnings, message) },
		Passphrase: func() ([]byte, error) {
			if _, _, enough := w.unlockMemory(s.keychain); !enough {
				return nil, passphrase.LockedError{} // an attempt would end this process
			}
			secret, err := passphrase.FromEnvironment(w.Getenv)
			if errors.Is(err, passphrase.ErrNone) {
				err = passphrase.LockedError{}
			}
			return secret, err
		},
	}
	// Probe does not report an absent store. It does report a locked desktop keyring, which can still be
	// listed.
	s.openErr = keychain.Probe(options)
	if errors.As(s.openErr, new(*keychain.KeyError)) { // stored items may still be readable
		s.writeErr, s.openErr = s.openErr, nil
	}
	if s.openErr != nil && !errors.Is(s.openErr, keychain.ErrLocked) {
		return s
	}
	if s.keychain, s.openErr = keychain.Open(options); s.openErr != nil {
		return s
	}
	if s.refs, s.listErr = s.keychain.List(w.Config.Profile); s.listErr != nil {
		return s
	}
	var stop error // the error that stopped reading: each further attempt would take as long
	for _, ref := range s.refs {
		if stop != nil {
			s.itemErrs[ref] = stop
			continue
		}
		item, err := s.keychain.Get(ref)
		if err != nil {
			s.itemErrs[ref] = err
			var insecure *keychain.InsecureError
			if !errors.Is(err, keychain.ErrDamaged) && !errors.Is(err, keychain.ErrNotFound) && !errors.As(err, &insecure) {
				stop = err
			}
			continue
		}
		s.items[ref] = item
	}
	return s
}

// has reports whether a variable's value is stored or comes from a command.
func (w *World) has(name string) bool {
	_, sourced := w.Config.Source(w.envRef(name))
	return sourced || slices.Contains(w.stored().refs, w.envRef(name))
}

// value returns the value of name, stored or from a command, and false if there is none or it cannot be
// read now.
func (w *World) value(name string) (string, bool) {
	if _, sourced := w.Config.Source(w.envRef(name)); sourced && w.Commands != nil {
		answer := w.commandAnswers()[w.envRef(name)]
		return answer.item.Secret.Reveal(), answer.err == nil
	}
	item, ok := w.stored().items[w.envRef(name)]
	return item.Secret.Reveal(), ok
}

func (w *World) envRef(name string) keychain.Ref {
	return keychain.Ref{Profile: w.Config.Profile, Kind: keychain.KindEnv, Name: name}
}

// source returns the stored name that provides a variable's value: the variable itself, or the one that it
// is an alias of.
func (w *World) source(name string) (string, bool) {
	if w.has(name) {
		return name, true
	}
	if target, ok := w.Config.Aliases[name]; ok && w.has(target) {
		return target, true
	}
	for _, known := range secrets.All() {
		if slices.Contains(known.Aliases, name) && w.has(known.Name) {
			return known.Name, true
		}
	}
	return "", false
}

// variables returns the names of all variables that contain a key: known, stored, or aliases.
func (w *World) variables() []string {
	names := secrets.Variables()
	for _, ref := range w.stored().refs {
		if ref.Kind == keychain.KindEnv {
			names = append(names, ref.Name)
		}
	}
	for alias := range w.Config.Aliases {
		names = append(names, alias)
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// envItems returns the stored variables that could be read, sorted by name.
func (w *World) envItems() []keychain.Item {
	var items []keychain.Item
	for _, ref := range w.stored().refs {
		if item, ok := w.stored().items[ref]; ok && ref.Kind == keychain.KindEnv {
			items = append(items, item)
		}
	}
	return items
}

// unread returns why some stored variables were not read, or nil. It ignores damaged items, which
// storedItems reports.
func (w *World) unread() error {
	for _, ref := range w.stored().refs {
		if err := w.stored().itemErrs[ref]; err != nil && ref.Kind == keychain.KindEnv && !errors.Is(err, keychain.ErrDamaged) {
			return err
		}
	}
	return nil
}

// notRead returns the result for a check that needs stored values if they cannot be read; ok is false if
// they can. The keychain check has the hint.
func (w *World) notRead() (r Result, ok bool) {
	if w.Config == nil {
		return unreadableConfig, true
	}
	s := w.stored()
	err := s.openErr
	if err == nil {
		err = s.listErr
	}
	if err == nil {
		err = w.unread()
	}
	switch {
	case err == nil, errors.Is(err, keychain.ErrNoStore):
		return Result{}, false
	case errors.Is(err, keychain.ErrLocked):
		return Result{Warning, "not checked: the keychain is locked", w.hintFor(err)}, true
	}
	return Result{Warning, "not checked: the keychain cannot be read", w.hintFor(err)}, true
}

// hintFor returns a hint for an error of the keychain, but none that leads back to ragenv doctor.
func (w *World) hintFor(err error) string {
	var insecure *keychain.InsecureError
	var key *keychain.KeyError
	switch {
	case errors.As(err, &key):
		return ui.KeyHint(key)
	case errors.As(err, &insecure) && insecure.Mode == 0:
		info, statErr := os.Lstat(insecure.Path)
		if statErr == nil && info.Mode()&fs.ModeSymlink != 0 {
			return "put there what the link leads to: " + shellquote.Word(insecure.Path)
		}
		return `sudo chown -R "$(id -un)" ` + shellquote.Word(insecure.Path)
	case errors.Is(err, keychain.ErrUnavailable), errors.Is(err, keychain.ErrTimeout):
		if w.backend() != keychain.BackendFile {
			return "start the " + w.backend() + " service, or keep the keys elsewhere: ragenv backend"
		}
		return "try again, once the other ragenv has ended"
	case errors.Is(err, keychain.ErrDamaged):
		return "put " + shellquote.Word(w.Paths.Store) + " back from a backup: ragenv restore FILE"
	}
	return ui.Explain(err).Hint
}
