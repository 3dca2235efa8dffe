package nodbus

import (
	"os"
	"strconv"
)

// The library runs dbus-launch for the addresses "" and "autolaunch:", after it has looked for a bus in /run/user; it does
// not look when it cannot find the user's name, and gives up on a file it does not understand. So the search is made here,
// for the same files by the same rules, and the library always finds an address. $XDG_RUNTIME_DIR plays no part in it.
//
// It finds none, too, where this run needs none, and where the caller names one that is not a Unix socket of the user's.
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

// discover returns the address of the session bus of the user whose runtime directory is dir: the socket "bus" (systemd),
// or what the file "dbus-session" names (Ubuntu before 18.04), or an address of no bus.
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
