package passphrase

import (
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// LockedError means that the file store is locked and that the environment has no passphrase. It matches
// keychain.ErrLocked.
type LockedError struct{}

func (LockedError) Error() string { return keychain.ErrLocked.Error() }

// Unwrap returns keychain.ErrLocked.
func (LockedError) Unwrap() error { return keychain.ErrLocked }

// Hint returns UnlockHint.
func (LockedError) Hint() string { return UnlockHint() }

// UnlockHint says how to unlock the file store on this machine: with ragenv unlock, unless nothing can keep
// it unlocked, as in most containers.
func UnlockHint() string {
	if keychain.CanStayUnlocked() {
		return "ragenv unlock"
	}
	return FileHint()
}

// FileHint says how to set a passphrase file.
func FileHint() string {
	return "with the passphrase in FILE, of mode 0600: " + shellquote.Set(EnvFile, "FILE")
}
