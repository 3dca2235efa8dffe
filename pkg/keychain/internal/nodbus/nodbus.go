// Package nodbus keeps the keyring library from starting a D-Bus daemon, and the caller's environment as it was.
//
// The library asks for the session bus when it is initialized, in every process that links it. Without an address it runs
// dbus-launch, if that is installed: each start of the program would then take milliseconds more and leave a dbus-daemon
// behind for ever. It also writes the address it found to the environment, which commands started later would inherit.
//
// Importing this package is enough. Its initialisation comes before the library's, because Go initializes the packages
// whose imports are ready in the order of their paths: this one waits for os, strconv and time only, and sorts before
// golang.org/x/sys, net and os/user, for which the library waits.
package nodbus

import "os"

const variable = "DBUS_SESSION_BUS_ADDRESS"

// disabled is an address of a transport that does not exist: it is refused without a system call.
const disabled = "disabled:"

var callers, given = os.LookupEnv(variable)

var muted bool

// Muted reports whether this process was started without the session bus although there may be one, because it seemed to need none.
func Muted() bool { return muted }

// Environ is os.Environ with DBUS_SESSION_BUS_ADDRESS as the caller of this process gave it, or without it when the caller
// did not: the environment for the commands this process runs.
func Environ() []string {
	all := os.Environ()
	env := make([]string, 0, len(all)) // never nil, which os/exec takes for this process's own environment
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
