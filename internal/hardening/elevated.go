package hardening

import (
	"errors"
	"os"
)

// ErrElevated means that the program has more privileges than its caller, from a set-user-id or
// set-group-id bit or from file capabilities. HOME, PATH and the variables that name files and passphrases
// come from the caller, so anyone could get another user's keys.
var ErrElevated = errors.New("this program must not be set-user-id or set-group-id, or have file capabilities")

// elevatedIDs returns ErrElevated if the program runs with the rights of another user or group than its
// caller. Windows has no such thing.
func elevatedIDs() error {
	if os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() {
		return ErrElevated
	}
	return nil
}
