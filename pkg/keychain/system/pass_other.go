//go:build !linux && !darwin

package system

import (
	"github.com/99designs/keyring"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// passClient is nil: pass does not run on this system.
var passClient func(keychain.Options) (keyring.Keyring, guard)
