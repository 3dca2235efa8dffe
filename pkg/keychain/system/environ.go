package system

import "github.com/ragenv/ragenv/pkg/keychain/internal/nodbus"

func init() { nodbus.Started() }

// Environ returns the environment for the commands this process runs: os.Environ, with DBUS_SESSION_BUS_ADDRESS as the
// caller of this process had it. This package changes that variable where there is no session bus, because the keyring library
// would start one.
func Environ() []string { return nodbus.Environ() }
