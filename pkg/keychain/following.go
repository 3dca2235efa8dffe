package keychain

import "errors"

// MovedError: a migration moved all items to another backend, which cannot be opened, while this item was
// written to or removed from the old one.
type MovedError struct {
	Ref
	From string // the backend that still has the item, if it was written
	To   string // the backend in use
	Err  error
}

func (e *MovedError) Error() string {
	return "all keys were moved from the " + e.From + " backend to the " + e.To + " backend in the meantime: " + e.Err.Error()
}

// Unwrap returns the reason why the backend in use cannot be opened.
func (e *MovedError) Unwrap() error { return e.Err }

// Mover tells a keychain of migrations by other processes.
type Mover interface {
	// Lock keeps migrations from switching to another backend until unlock is called, and waits for one that is
	// switching. Error: ErrTimeout.
	Lock() (unlock func(), err error)
	// Moved returns the name of the backend in use, which is name if nothing was moved.
	Moved(name string) string
	// Open opens the backend in use.
	Open(name string) (*Keychain, error)
}

// Following returns a copy of the keychain that follows migrations. If one moved the items while Set or
// Remove wrote to the backend that it leaves, they also write to the one in use, and the copy becomes that
// keychain. Nothing else may use the copy meanwhile.
//
// No item is lost or comes back: a write is over before it locks and asks for the name of the backend in use. A
// migration that still names the old one then finds in CatchUp what was written or removed.
func (k *Keychain) Following(mover Mover) *Keychain {
	follower := *k
	follower.mover = mover
	return &follower
}

// Follow makes the copy that Following returned the keychain in use, if a migration has moved the items. Error:
// *MovedError.
func (k *Keychain) Follow() error {
	_, err := k.follow(Ref{}, nil)
	return err
}

// follow repeats a write to an item, unless write is nil, in the backend in use, if that is another one now. Errors
// are returned with moved set: the write may not count.
func (k *Keychain) follow(ref Ref, write func(*Keychain) error) (moved bool, err error) {
	if k.mover == nil {
		return false, nil
	}
	unlock, err := k.mover.Lock()
	if err != nil {
		return true, about(ref, err)
	}
	defer unlock()
	name := k.mover.Moved(k.name)
	if name == k.name {
		return false, nil
	}
	to, err := k.mover.Open(name)
	if err != nil {
		return true, about(ref, &MovedError{Ref: ref, From: k.name, To: name, Err: err})
	}
	if write != nil {
		if err := write(to); err != nil {
			return true, err
		}
		if err := k.backend.Remove(ref); err != nil && !errors.Is(err, ErrNotFound) {
			return true, about(ref, err)
		}
	}
	source, mover := k.source, k.mover
	*k = *to
	k.source, k.mover = source, mover
	return true, nil
}
