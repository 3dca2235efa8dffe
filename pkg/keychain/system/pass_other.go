//go:build !linux && !darwin

package system

import (
	"github.com/99designs/keyring"

	"github.com/ragenv/ragenv/pkg/keychain"
)

// There is no pass here.
var passClient func(keychain.Options) (keyring.Keyring, guard)
