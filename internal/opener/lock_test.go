package opener

import (
	"errors"
	"os"
	"path/filepath"
	"testing"
)

// Each lock excludes what its comment says, and only a migration creates the one that writes share.
func TestLocks(t *testing.T) {
	o := newWorld(t).opener(t)
	state := o.Config.Paths.State
	held := func(t *testing.T, name string, exclusive, want bool) {
		t.Helper()
		unlock, err := o.lock(name, exclusive, 0)
		if errors.Is(err, errLockHeld) != want || err != nil && !want {
			t.Errorf("%s, exclusive %t: %v, want it held: %t", name, exclusive, err, want)
		}
		if err == nil {
			unlock()
		}
	}
	must := func(unlock func(), err error) func() {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return unlock
	}

	must(mover{o}.Lock())()
	if _, err := os.Stat(filepath.Join(state, switchLock)); err == nil {
		t.Error("a write creates the lock of migrations")
	}

	unlock := must(o.LockMigration())
	if _, err := o.LockMigration(); !errors.Is(err, ErrMigrating) {
		t.Errorf("two migrations: %v, want ErrMigrating", err)
	}
	held(t, changesLock, true, false)
	unlock()
	held(t, migrationLock, true, false)

	unlock = must(o.LockSwitch())
	held(t, switchLock, false, true)
	held(t, changesLock, true, true)
	unlock()
	held(t, switchLock, true, false)

	unlock = must(mover{o}.Lock())
	held(t, switchLock, false, false)
	held(t, switchLock, true, true)
	unlock()

	k, err := o.Create(nil)
	if err != nil {
		t.Fatal(err)
	}
	err = o.Changing(k, func() error {
		held(t, changesLock, true, true)
		held(t, switchLock, true, false)
		return os.ErrInvalid
	})
	if !errors.Is(err, os.ErrInvalid) {
		t.Errorf("%v, want the error of the change", err)
	}
	held(t, changesLock, true, false)

	unlock = must(o.LockChanges())
	if err := os.RemoveAll(state); err != nil {
		t.Skip("this system cannot remove an open file:", err)
	}
	held(t, changesLock, true, false) // a lock that nobody else finds excludes nobody
	unlock()
	if err := os.RemoveAll(state); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(state, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	must(o.LockSwitch())() // without a state directory, nothing is locked
}
