package system

import (
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/internal/nodbus"
)

func init() { nodbus.Started() }

// Environ returns the environment for the commands this process runs: os.Environ, with DBUS_SESSION_BUS_ADDRESS as the
// caller of this process had it. This package changes that variable where there is no session bus, because the keyring library
// would start one.
func Environ() []string { return nodbus.Environ() }

// MissesBus reports whether a backend needs the session bus, and this process was started without it: its configuration named another
// backend at that moment. A process that is started under another name than the program's has the bus.
func MissesBus(backend string) bool {
	return nodbus.Muted() && (backend == keychain.BackendSecretService || backend == keychain.BackendKWallet)
}
