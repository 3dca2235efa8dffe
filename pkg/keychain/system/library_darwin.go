package system

import "github.com/ragenv/ragenv/pkg/keychain"

// On macOS, the keychain and pass have clients of their own, and nothing uses the keyring library.

func libraryHas(string) bool { return false }

func openLibrary(backend string, _ keychain.Options) (client, error) {
	return nil, unavailable(backend, "it does not run on macOS")
}
