package system

import (
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/nodbus"
)

func init() { nodbus.Started() }

// Environ returns the environment for commands that this process runs: os.Environ with the original
// DBUS_SESSION_BUS_ADDRESS. This package changes that variable if there is no session bus, because the
// keyring library would start one.
func Environ() []string { return nodbus.Environ() }

// MissesBus reports whether backend needs the session bus but this process started without it, because its
// configuration named another backend at that time. Programs other than ragenv's own always have the bus.
func MissesBus(backend string) bool {
	return nodbus.Muted() && (backend == keychain.BackendSecretService || backend == keychain.BackendKWallet)
}
