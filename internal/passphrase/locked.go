package passphrase

import (
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// LockedError: the file store is locked, and the environment has no passphrase. It matches keychain.ErrLocked.
type LockedError struct{}

func (LockedError) Error() string { return keychain.ErrLocked.Error() }

// Unwrap returns keychain.ErrLocked.
func (LockedError) Unwrap() error { return keychain.ErrLocked }

// Hint returns UnlockHint.
func (LockedError) Hint() string { return UnlockHint() }

// UnlockHint says how a locked file store is opened on this machine: by ragenv unlock, unless nothing can keep it open
// afterwards, as in most containers.
func UnlockHint() string {
	if keychain.CanStayUnlocked() {
		return "ragenv unlock"
	}
	return FileHint()
}

// FileHint says how to name a passphrase file.
func FileHint() string {
	return shellquote.Set(EnvFile, "FILE") + ", a file of mode 0600 that holds the passphrase"
}
