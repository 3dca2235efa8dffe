//go:build !linux && !darwin

package system

import "github.com/ragenv/ragenv/pkg/keychain"

// passClient is nil: pass does not run on this system.
var passClient func(keychain.Options) (client, guard)
