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

// ErrReplaced: another store was put in the place of the one that is open.
var ErrReplaced = errors.New("the keychain was set aside meanwhile")

// turnName is Windows': see openTurn.
const turnName = "turn"

// SetAside renames the store in opts.Dir, readable or not, to a directory next to it whose name ends in the date, which it
// returns with the keys of what is in it. Nothing is deleted: Open takes the returned directory. A crash leaves the store in the
// one place or the other. Errors: ErrNoStore, ErrInsecure, ErrTimeout, ErrNoLocks, and those of os.Rename, such as EBUSY for a
// mount point.
func SetAside(opts Options, date time.Time) (dir string, keys []string, err error) {
	switch err := checkDir(opts.Dir); {
	case errors.Is(err, fs.ErrNotExist), err == nil && !Exists(opts.Dir):
		return "", nil, fmt.Errorf("%w in %s", ErrNoStore, opts.Dir)
	case err != nil:
		return "", nil, err
	}
	unlock, err := lockFile(opts.path(lockName)) // no writer is halfway
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

// Reinstate undoes SetAside where no store came into its place. Error: ErrExists.
func Reinstate(opts Options, aside string) error {
	if Exists(opts.Dir) {
		return fmt.Errorf("%w in %s", ErrExists, opts.Dir)
	}
	if err := moveForeign(opts.Dir, aside); err != nil {
		return err
	}
	// What is left there is what a Create began. Without a description it is no store, and its items have none.
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

// ownNames are the entries of a store's directory.
func ownNames() []string {
	return []string{manifestName, identityName, itemsName, lockName, halfName, turnName, tempName}
}

// moveForeign moves what is no part of a store from one directory to the other: on Windows the programs' state is in there, too.
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
