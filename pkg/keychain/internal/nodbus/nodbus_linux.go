package nodbus

import (
	"os"
	"strconv"
)

// For the addresses "" and "autolaunch:", the library searches /run/user for a bus and then runs
// dbus-launch. It does not search if it cannot find the user's name, and gives up on a file that it does
// not understand. So this function searches the same files by the same rules, and the library always has an
// address. $XDG_RUNTIME_DIR is not used.
//
// The address is also disabled if this run needs no bus, or if the caller's address is not a Unix socket of
// the user.
func init() {
	address := callers
	switch {
	case !wanted(os.Args, os.Getenv):
		address, muted = disabled, true
	case launches(callers):
		address = discover("/run/user/" + strconv.Itoa(os.Getuid()))
	}
	if address = local(address); address == "" {
		address = disabled
	}
	if address != callers {
		_ = os.Setenv(variable, address)
	}
}

func launches(address string) bool { return address == "" || address == "autolaunch:" }

// discover returns the session bus address for the runtime directory dir: the socket "bus" (systemd), the
// content of the file "dbus-session" (Ubuntu before 18.04), or disabled.
func discover(dir string) string {
	if _, err := os.Stat(dir + "/bus"); !os.IsNotExist(err) {
		return "unix:path=" + dir + "/bus"
	}
	text, err := os.ReadFile(dir + "/dbus-session")
	if err != nil || len(text) <= len(variable) || string(text[:len(variable)+1]) != variable+"=" {
		return disabled
	}
	address := text[len(variable)+1:]
	for len(address) > 0 && (address[len(address)-1] == '\n' || address[len(address)-1] == '\r') {
		address = address[:len(address)-1]
	}
	if launches(string(address)) {
		return disabled
	}
	return string(address)
}
