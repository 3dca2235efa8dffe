package opener

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// The locks are files in the state directory, which does not depend on the backend. Only a migration creates the
// first two: without the file, none has begun to switch. They are taken in the order migration, changes, switch.
const (
	migrationLock = "migration.lock" // held by a migration as long as it runs
	switchLock    = "switch.lock"    // held by a migration while it switches, and shared by writes that ask whether one has
	changesLock   = "changes.lock"   // held by what reads and writes several items, and by a migration while it switches
)

// lockPatience is how long a migration and writes wait for each other. A migration switches after it has read each
// item once more, which takes other programs' keychains up to a tenth of a second per item.
const lockPatience = time.Minute

// ErrMigrating: a migration or a reset is running.
var ErrMigrating = errors.New("a migration or a reset is already running")

var errLockHeld = errors.New("held by another process")

// LockMigration keeps migrations and resets from starting until unlock is called. Errors: ErrMigrating, and
// those of creating a file.
func (o Opener) LockMigration() (unlock func(), err error) {
	unlock, err = o.lock(migrationLock, true, 0)
	if errors.Is(err, errLockHeld) {
		err = ErrMigrating
	}
	return unlock, err
}

// LockSwitch keeps every process that follows migrations (keychain.Keychain.Following) from finishing a write until
// unlock is called. A write that it holds up then follows to the backend that the config file names. Error:
// keychain.ErrTimeout.
func (o Opener) LockSwitch() (unlock func(), err error) {
	free, err := o.LockChanges()
	if err != nil {
		return nil, err
	}
	switched, err := ifPossible(o.lock(switchLock, true, lockPatience))
	if err != nil {
		free()
		return nil, err
	}
	return func() { switched(); free() }, nil
}

// LockChanges keeps other processes from starting a change (Changing) or creating a file store, until unlock is called.
// Error: keychain.ErrTimeout.
func (o Opener) LockChanges() (unlock func(), err error) {
	return ifPossible(o.lock(changesLock, true, lockPatience))
}

// Changing runs change, which reads items and writes others that depend on them. Meanwhile no other process runs
// such a change, and no migration switches to another backend; k is the keychain in use. change must not ask the
// user, or call Changing. Errors: those of change and of keychain.Keychain.Follow, and keychain.ErrTimeout.
func (o Opener) Changing(k *keychain.Keychain, change func() error) error {
	unlock, err := o.LockChanges()
	if err != nil {
		return err
	}
	defer unlock()
	if err := k.Follow(); err != nil {
		return err
	}
	return change()
}

// Lock implements keychain.Mover.
func (m mover) Lock() (unlock func(), err error) {
	return ifPossible(m.lock(switchLock, false, lockPatience))
}

// ifPossible does without a lock whose file cannot be opened or created.
func ifPossible(unlock func(), err error) (func(), error) {
	if err != nil && !errors.Is(err, keychain.ErrTimeout) {
		return func() {}, nil
	}
	return unlock, err
}

// lock locks a file in the state directory. An exclusive lock creates it. On file systems without locks, it does
// nothing. Errors: keychain.ErrTimeout; errLockHeld without patience; those of opening or creating the file.
func (o Opener) lock(name string, exclusive bool, patience time.Duration) (unlock func(), err error) {
	path, flag := filepath.Join(o.Config.Paths.State, name), os.O_RDONLY
	if exclusive {
		if err := os.MkdirAll(o.Config.Paths.State, 0o700); err != nil {
			return nil, err
		}
		flag = os.O_RDWR | os.O_CREATE
	}
	f, err := os.OpenFile(path, flag|noFollow, 0o600)
	if err != nil {
		return nil, err
	}
	for start, pause := time.Now(), time.Millisecond; ; pause = min(2*pause, 50*time.Millisecond) {
		err := tryLock(f, exclusive)
		switch {
		case !errors.Is(err, errLockHeld) && !stillAt(path, f):
			// The state directory was removed together with this file.
			_ = f.Close()
			return o.lock(name, exclusive, patience)
		case !errors.Is(err, errLockHeld):
			return func() { _ = f.Close() }, nil
		case time.Since(start) >= patience && patience == 0:
			_ = f.Close()
			return nil, err
		case time.Since(start) >= patience:
			_ = f.Close()
			return nil, fmt.Errorf("%w: another process holds the lock %s", keychain.ErrTimeout, path)
		}
		time.Sleep(pause)
	}
}

// stillAt reports whether path still refers to the open file.
func stillAt(path string, f *os.File) bool {
	mine, err := f.Stat()
	if err != nil {
		return true
	}
	there, err := os.Lstat(path)
	return !errors.Is(err, fs.ErrNotExist) && (err != nil || os.SameFile(mine, there))
}
