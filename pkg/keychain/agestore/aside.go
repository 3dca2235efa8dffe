package agestore

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// ErrReplaced: the open store was set aside, or replaced by another.
var ErrReplaced = errors.New("the keychain was set aside meanwhile")

// turnName is used on Windows only: see openTurn.
const turnName = "turn"

// SetAside renames the store in opts.Dir, readable or not, to a directory next to it whose name ends in
// date. It returns that directory, which Open accepts, and the store's keys. Nothing is deleted, and a
// crash leaves the store at either the old or the new path. Errors: ErrNoStore, ErrInsecure, ErrTimeout,
// ErrNoLocks, and those of os.Rename, such as EBUSY for a mount point.
func SetAside(opts Options, date time.Time) (dir string, keys []string, err error) {
	switch err := checkDir(opts.Dir); {
	case errors.Is(err, fs.ErrNotExist), err == nil && !Exists(opts.Dir):
		return "", nil, fmt.Errorf("%w in %s", ErrNoStore, opts.Dir)
	case err != nil:
		return "", nil, err
	}
	unlock, err := lockFile(opts.path(lockName)) // waits for a writer to finish
	if err != nil {
		return "", nil, err
	}
	defer unlock()
	if keys, err = (&Store{opts: opts}).Keys(); err != nil {
		return "", nil, err
	}
	for n := 1; ; n++ {
		dir = opts.Dir + "." + date.Format(time.DateOnly)
		if n > 1 {
			dir = fmt.Sprintf("%s-%d", dir, n)
		}
		if _, err := os.Lstat(dir); err == nil {
			continue
		}
		checkpoint()
		if err := renameLocked(opts.Dir, dir, unlock); errors.Is(err, fs.ErrExist) {
			continue // another process took the name
		} else if err != nil {
			return "", nil, err
		}
		checkpoint()
		if err := moveForeign(dir, opts.Dir); err != nil {
			return dir, keys, err
		}
		return dir, keys, syncDir(filepath.Dir(opts.Dir))
	}
}

// Reinstate undoes SetAside. Error: ErrExists if a store has been created in its place.
func Reinstate(opts Options, aside string) error {
	if Exists(opts.Dir) {
		return fmt.Errorf("%w in %s", ErrExists, opts.Dir)
	}
	if err := moveForeign(opts.Dir, aside); err != nil {
		return err
	}
	// Only the remains of an interrupted Create are left. Without store.json they are not a store and hold
	// no items.
	for _, name := range ownNames() {
		if err := remove(opts.path(name)); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	if err := remove(opts.Dir); err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := rename(aside, opts.Dir); err != nil {
		return err
	}
	return syncDir(filepath.Dir(opts.Dir))
}

// ownNames returns the names that a store uses in its directory.
func ownNames() []string {
	return []string{manifestName, identityName, itemsName, lockName, halfName, turnName, tempName}
}

// moveForeign moves entries that are not the store's: on Windows the programs' state is in the same
// directory.
func moveForeign(from, to string) error {
	entries, err := os.ReadDir(from)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, entry := range entries {
		if slices.Contains(ownNames(), entry.Name()) {
			continue
		}
		if err := makeDir(to); err != nil {
			return err
		}
		if err := rename(filepath.Join(from, entry.Name()), filepath.Join(to, entry.Name())); err != nil {
			return err
		}
	}
	return nil
}
