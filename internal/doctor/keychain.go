package doctor

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"

	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// keychain checks that the backend answers, is unlocked, and belongs to nobody else.
func (w *World) keychain(context.Context) Result {
	if w.Config == nil {
		return unreadableConfig
	}
	s := w.stored()
	if r := w.unopened(s); r != nil {
		return *r
	}
	protected, err := s.keychain.Protected()
	if err != nil {
		return Result{Failed, err.Error(), w.hintFor(err)}
	}
	var f findings
	if w.backend() == keychain.BackendFile {
		w.checkItemsDir(&f)
	}
	w.checkItemErrors(&f, s)
	if options := (keychain.Options{Backend: w.backend(), Collection: w.Config.Collection}); len(s.refs) > 0 && keychain.Volatile(options) {
		f.add(Warning, "ragenv backend migrate "+w.backend()+" "+keychain.BackendFile, "%s is volatile: a reboot empties it", w.keychainName())
	}
	if err := s.writeErr; err != nil {
		f.add(Failed, w.hintFor(err), "nothing can be stored: %v", err)
	}
	for _, warning := range s.warnings {
		f.add(Warning, "move that file away", "%s", warning)
	}
	// The environment's passphrase unlocks it for us; an empty store needs no unlock.
	if protected && len(f) == 0 && len(s.refs) == 0 && !s.keychain.Unlocked() {
		f = append(f, w.locked(passphrase.LockedError{}))
	}
	state := "open"
	switch {
	case w.backend() == keychain.BackendFile && !protected:
		state = "open, without a passphrase"
	case protected:
		var memory findings // first: with too little memory, unlocking ends the program
		w.checkUnlockMemory(&memory, s.keychain)
		f = append(memory, f...)
	}
	return f.result(Result{OK, fmt.Sprintf("%s, %s, %s", w.keychainName(), state, count(len(s.refs), "item")), ""})
}

// keychainName names the keychain in results: the directory of the file store, or the backend.
func (w *World) keychainName() string {
	if w.backend() == keychain.BackendFile {
		return w.Paths.Tilde(w.Paths.Store)
	}
	return "the " + w.backend() + " backend"
}

// locked is the result for an error that matches keychain.ErrLocked.
func (w *World) locked(err error) Result {
	return Result{Warning, w.keychainName() + " is locked: pulls of private images from " + ngcRegistry + " fail until it is unlocked", w.hintFor(err)}
}

// unopened returns the result for a keychain that could not be opened and listed, nil if it was.
func (w *World) unopened(s *stored) *Result {
	switch err := s.openErr; {
	case errors.Is(err, keychain.ErrNoStore) && len(w.Config.Sourced(w.Config.Profile)) > 0:
		return &Result{OK, "there is none: keys come from commands", ""}
	case errors.Is(err, keychain.ErrNoStore):
		return &Result{Warning, "there is no keychain yet", "ragenv setup"}
	case errors.Is(err, keychain.ErrLocked):
		r := w.locked(err)
		return &r
	case err != nil:
		return &Result{Failed, err.Error(), w.hintFor(err)}
	case s.listErr != nil:
		return &Result{Failed, s.listErr.Error(), w.hintFor(s.listErr)}
	}
	return nil
}

// checkItemErrors reports why items cannot be read, unless storedItems does.
func (w *World) checkItemErrors(f *findings, s *stored) {
	for _, ref := range s.refs {
		err := s.itemErrs[ref]
		var insecure *keychain.InsecureError
		switch {
		case err == nil, errors.Is(err, keychain.ErrDamaged), errors.Is(err, keychain.ErrNotFound):
			continue // storedItems reports it
		case errors.Is(err, keychain.ErrLocked):
			*f = append(*f, w.locked(err))
		case errors.As(err, &insecure):
			f.add(Failed, w.hintFor(err), "%v", insecure)
			continue // an error per item
		default:
			f.add(Failed, w.hintFor(err), "%v", err)
		}
		return // the same error applies to all items
	}
}

// checkItemsDir finds problems that otherwise only the next write would.
func (w *World) checkItemsDir(f *findings) {
	dir := filepath.Join(w.Paths.Store, "items")
	info, err := os.Lstat(dir)
	if err != nil {
		return // not created yet
	}
	if !info.IsDir() {
		f.add(Failed, "put a directory there: "+shellquote.Word(dir), "%s is not a directory", dir)
	} else if runtime.GOOS != "windows" && info.Mode().Perm()&0o077 != 0 {
		f.add(Failed, "chmod 700 "+shellquote.Word(dir), "%s is open to other users (mode %04o)", dir, info.Mode().Perm())
	}
}

// storedItems checks that no stored item is damaged.
func (w *World) storedItems(context.Context) Result {
	if r, no := w.notRead(); no {
		return r
	}
	s := w.stored()
	var f findings
	for _, ref := range s.refs {
		if err := s.itemErrs[ref]; errors.Is(err, keychain.ErrDamaged) {
			hint := "ragenv set " + shellquote.Word(ref.Name)
			if ref.Kind == keychain.KindRegistry {
				hint = "docker login " + shellquote.Word(ref.Name)
			}
			f.add(Failed, hint, "%v", err)
		}
	}
	return f.result(Result{OK, count(len(s.refs), "item") + " can be read", ""})
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
