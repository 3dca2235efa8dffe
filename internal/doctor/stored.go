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

// stored is what the active profile of the keychain holds, as far as it can be read without unlocking anything.
type stored struct {
	keychain *keychain.Keychain
	openErr  error // why keychain is nil
	listErr  error // why refs are unknown
	writeErr error // why nothing can be stored
	refs     []keychain.Ref
	items    map[keychain.Ref]keychain.Item
	itemErrs map[keychain.Ref]error // keychain.ErrLocked for what was not read, either
	warnings []string
}

// stored reads the keychain once.
func (w *World) stored() *stored {
	w.storedOnce.Do(func() { w.storedKeys = w.readStored() })
	return w.storedKeys
}

// backend is the keychain's backend for reading: that of the configuration, else the embedded store.
func (w *World) backend() string {
	if w.Config.Backend == "" {
		return keychain.BackendFile
	}
	return w.Config.Backend
}

// readStored opens the keychain by itself and not by package opener, whose reading keeps a store open for later
// processes when the environment has its passphrase.
func (w *World) readStored() *stored {
	s := &stored{items: map[keychain.Ref]keychain.Item{}, itemErrs: map[keychain.Ref]error{}}
	options := keychain.Options{
		Backend: w.backend(), Dir: w.Paths.Store, Collection: w.Config.Collection,
		Warn: func(message string) { s.warnings = append(s.warnings, message) },
		Passphrase: func() ([]byte, error) {
			if _, _, enough := w.unlockMemory(s.keychain); !enough {
				return nil, passphrase.LockedError{} // the attempt would be the end of this process
			}
			secret, err := passphrase.FromEnvironment(w.Getenv)
			if errors.Is(err, passphrase.ErrNone) {
				err = passphrase.LockedError{}
			}
			return secret, err
		},
	}
	// An absent store is no error of Probe; a locked desktop keyring is, and can still be listed.
	s.openErr = keychain.Probe(options)
	if errors.As(s.openErr, new(*keychain.KeyError)) { // what is stored may still be readable
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
	var stop error // what ended the reading: asking on would take as long each time
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

// has reports whether the variable's value is stored, or comes from a command.
func (w *World) has(name string) bool {
	_, sourced := w.Config.Source(w.envRef(name))
	return sourced || slices.Contains(w.stored().refs, w.envRef(name))
}

// value returns what is stored as name, or comes from a command; false if it is not there or cannot be read now.
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

// source returns the stored name that a variable gets its value from: itself, or the one it is an alias of.
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

// variables returns the names of all variables that hold a key: known, stored, or aliases.
func (w *World) variables() []string {
	var names []string
	for _, known := range secrets.All() {
		names = append(append(names, known.Name), known.Aliases...)
	}
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

// envItems returns the stored variables that could be read, by name.
func (w *World) envItems() []keychain.Item {
	var items []keychain.Item
	for _, ref := range w.stored().refs {
		if item, ok := w.stored().items[ref]; ok && ref.Kind == keychain.KindEnv {
			items = append(items, item)
		}
	}
	return items
}

// unread tells why variables that are stored were not read, nil if all were. What is damaged is a matter of its own.
func (w *World) unread() error {
	for _, ref := range w.stored().refs {
		if err := w.stored().itemErrs[ref]; err != nil && ref.Kind == keychain.KindEnv && !errors.Is(err, keychain.ErrDamaged) {
			return err
		}
	}
	return nil
}

// notRead is the result of a check that needs the values of stored keys where they cannot be read; ok is false if they can.
// The keychain's own check says what is to be done.
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

// hintFor says what to do about an error of the keychain. Hints that lead here would lead in a circle.
func (w *World) hintFor(err error) string {
	var insecure *keychain.InsecureError
	var key *keychain.KeyError
	switch {
	case errors.As(err, &key):
		return key.Command
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
