//go:build !linux && !windows

package system

import "github.com/ragenv/ragenv/pkg/keychain"

func newGuard(string, keychain.Options) guard { return guard{} }
