package system

import "github.com/ragenv/ragenv/pkg/keychain"

func newGuard(name string, opts keychain.Options) guard {
	if name == keychain.BackendPass {
		return passGuard(opts)
	}
	return guard{}
}
