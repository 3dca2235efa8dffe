package keychain

import (
	"errors"
	"testing"
)

// moves is a migration from one backend to another that has just happened.
type moves struct {
	to     *Keychain
	err    error
	lock   func() error // called when a write is over; may be nil
	locked *bool        // set until unlock; may be nil
}

func (m moves) Lock() (func(), error) {
	if m.locked != nil {
		*m.locked = true
	}
	unlock := func() {
		if m.locked != nil {
			*m.locked = false
		}
	}
	if m.lock == nil {
		return unlock, nil
	}
	return unlock, m.lock()
}

func (m moves) Moved(string) string { return m.to.name }

func (m moves) Open(string) (*Keychain, error) { return m.to, m.err }

// TestFollowing writes to a backend that a migration leaves in the same moment.
func TestFollowing(t *testing.T) {
	item := Item{Ref: Ref{Profile: "default", Kind: KindEnv, Name: "NEW_TOKEN"}, Secret: NewSecret("new")}
	kept := Item{Ref: Ref{Profile: "default", Kind: KindEnv, Name: "KEPT_TOKEN"}, Secret: NewSecret("kept")}
	has := func(t *testing.T, k *Keychain, ref Ref, want bool) {
		t.Helper()
		if found, err := k.Has(ref); err != nil || found != want {
			t.Errorf("%s in %s: %v, %v, want %v", ref.Name, k.name, found, err, want)
		}
	}
	setUp := func(t *testing.T) (from, to *Keychain) {
		t.Helper()
		from, to = Over("old", &memory{}), Over("new", &memory{})
		mustSet(t, to, kept)
		return from, to
	}
	t.Run("set", func(t *testing.T) {
		from, to := setUp(t)
		k := from.Following(moves{to: to})
		mustSet(t, k, item)
		has(t, from, item.Ref, false)
		has(t, to, item.Ref, true)
		has(t, k, kept.Ref, true)
		if k.Backend() != "new" {
			t.Errorf("it is still the keychain %s", k.Backend())
		}
		if got, err := k.Get(item.Ref); err != nil || got.Secret != item.Secret {
			t.Errorf("the item cannot be read back: %v", err)
		}
	})
	t.Run("remove", func(t *testing.T) {
		from, to := setUp(t)
		k := from.Following(moves{to: to})
		if err := k.Remove(kept.Ref); err != nil {
			t.Fatal(err)
		}
		has(t, to, kept.Ref, false)
		if err := k.Remove(kept.Ref); !errors.Is(err, ErrNotFound) {
			t.Errorf("removed twice: %v, want ErrNotFound", err)
		}
	})
	t.Run("remove what is still in both", func(t *testing.T) {
		from, to := setUp(t)
		mustSet(t, from, kept)
		k := from.Following(moves{to: to})
		if err := k.Remove(kept.Ref); err != nil {
			t.Fatal(err)
		}
		has(t, from, kept.Ref, false)
		has(t, to, kept.Ref, false)
	})
	t.Run("a source stays", func(t *testing.T) {
		from, to := setUp(t)
		k := from.WithSource(noSource{}).Following(moves{to: to})
		mustSet(t, k, item)
		if k.source == nil {
			t.Error("the source is gone")
		}
	})
	t.Run("the backend in use cannot be opened", func(t *testing.T) {
		from, to := setUp(t)
		err := from.Following(moves{to: to, err: ErrUnavailable}).Set(item)
		var moved *MovedError
		if !errors.As(err, &moved) || moved.From != "old" || moved.To != "new" || !errors.Is(err, ErrUnavailable) {
			t.Errorf("%v, want *MovedError from old to new, and ErrUnavailable", err)
		}
		has(t, from, item.Ref, true)
	})
	t.Run("the backend in use refuses it", func(t *testing.T) {
		from, to := setUp(t)
		to.backend.(*memory).fail = func(operation string, _ Ref) error {
			if operation == "set" {
				return ErrTimeout
			}
			return nil
		}
		if err := from.Following(moves{to: to}).Set(item); !errors.Is(err, ErrTimeout) {
			t.Errorf("%v, want ErrTimeout", err)
		}
		has(t, from, item.Ref, true)
	})
	t.Run("a migration switches meanwhile", func(t *testing.T) {
		from, to := setUp(t)
		locked := false
		to.backend.(*memory).fail = func(operation string, _ Ref) error {
			if !locked {
				t.Errorf("%s while another migration can switch", operation)
			}
			return nil
		}
		k := from.Following(moves{to: to, locked: &locked, lock: func() error {
			if _, err := from.Get(item.Ref); err != nil {
				t.Errorf("it waits for the migration before the item is stored: %v", err)
			}
			return nil
		}})
		mustSet(t, k, item)
		if locked {
			t.Error("it keeps the lock")
		}
		if err := from.Following(moves{to: to, lock: func() error { return ErrTimeout }}).Set(item); !errors.Is(err, ErrTimeout) {
			t.Errorf("a migration that does not end: %v, want ErrTimeout", err)
		}
	})
	t.Run("nothing moved", func(t *testing.T) {
		from, _ := setUp(t)
		k := from.Following(moves{to: from})
		mustSet(t, k, item)
		has(t, from, item.Ref, true)
	})
}

type noSource struct{}

func (noSource) Refs() []Ref { return nil }

func (noSource) Get(Ref) (Item, error) { return Item{}, ErrSource }
