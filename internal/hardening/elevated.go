package hardening

import (
	"errors"
	"fmt"
	"os"
)

// ErrElevated means that the program has more privileges than its caller, from a set-user-id or
// set-group-id bit or from file capabilities. HOME, PATH and the variables that name files and passphrases
// come from the caller, so anyone could get another user's keys.
var ErrElevated = errors.New("this program must not be set-user-id or set-group-id, or have file capabilities")

// Fix returns the command that removes the cause of ErrElevated from a program on PATH.
func Fix(program string) string {
	const format = `chmod a-s "$(command -v %[1]s)" && setcap -q -r "$(command -v %[1]s)"`
	return fmt.Sprintf(format, program)
}

// elevatedIDs returns ErrElevated if the program runs with the rights of another user or group than its
// caller. Windows has no such thing.
func elevatedIDs() error {
	if os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() {
		return ErrElevated
	}
	return nil
}
