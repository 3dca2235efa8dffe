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

// The locks of migrations are files in the state directory, which every backend has. Only a migration creates
// them: without the file, none has begun to switch.
const (
	migrationLock = "migration.lock" // held by a migration as long as it runs
	switchLock    = "switch.lock"    // held by a migration while it switches, and shared by writes that ask whether one has
)

// lockPatience is how long a migration and writes wait for each other. A migration switches after it has read each
// item once more, which takes other programs' keychains up to a tenth of a second per item.
const lockPatience = time.Minute

// ErrMigrating: another migration is running.
var ErrMigrating = errors.New("another migration is running")

var errLockHeld = errors.New("held by another process")

// LockMigration keeps other migrations from starting until unlock is called. Errors: ErrMigrating, and those of
// creating a file.
func (o Opener) LockMigration() (unlock func(), err error) {
	unlock, err = o.lock(migrationLock, true, 0)
	if errors.Is(err, errLockHeld) {
		err = ErrMigrating
	}
	return unlock, err
}

// LockSwitch keeps every process that follows migrations (keychain.Keychain.Following) from finishing a write until
// unlock is called. A write that it holds up then follows to the backend that the config file names. Errors:
// keychain.ErrTimeout, and those of creating a file.
func (o Opener) LockSwitch() (unlock func(), err error) {
	return o.lock(switchLock, true, lockPatience)
}

// Lock implements keychain.Mover.
func (m mover) Lock() (unlock func(), err error) {
	unlock, err = m.lock(switchLock, false, lockPatience)
	if err != nil && !errors.Is(err, keychain.ErrTimeout) {
		return func() {}, nil // no migration has created it, or the state directory cannot be read
	}
	return unlock, err
}

// lock locks a file in the state directory. An exclusive lock creates it. On file systems without locks, it does
// nothing.
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
