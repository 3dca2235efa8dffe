// Package nodbus prevents the keyring library from starting a D-Bus daemon, and preserves the caller's
// environment.
//
// The library looks for the session bus when it is initialized, in every process that links it. Without an
// address it runs dbus-launch, if that is installed: each start of the program would take milliseconds
// longer and leave a dbus-daemon running. The library also writes the address it found to the environment,
// which commands started later would inherit.
//
// Importing this package is enough. It is initialized before the library, because Go initializes packages
// whose imports are ready in the order of their paths: this one imports only os, strconv and time, and
// sorts before golang.org/x/sys, net and os/user, which the library imports.
package nodbus

import "os"

const variable = "DBUS_SESSION_BUS_ADDRESS"

// disabled is an address with a nonexistent transport: it is rejected without a system call.
const disabled = "disabled:"

var callers, given = os.LookupEnv(variable)

var muted bool

// Muted reports whether this process started without the session bus because it seemed not to need one.
func Muted() bool { return muted }

// Environ returns os.Environ with DBUS_SESSION_BUS_ADDRESS as the caller set it, or without it if the
// caller did not. It is the environment for commands that this process runs.
func Environ() []string {
	all := os.Environ()
	env := make([]string, 0, len(all)) // never nil, which os/exec would replace with this process's environment
	for _, setting := range all {
		if len(setting) > len(variable) && setting[:len(variable)+1] == variable+"=" {
			if !given {
				continue
			}
			setting = variable + "=" + callers
		}
		env = append(env, setting)
	}
	return env
}
