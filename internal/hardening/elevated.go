package hardening

import "errors"

// ErrElevated means that the program has more privileges than its caller, from a set-user-id or
// set-group-id bit or from file capabilities. HOME, PATH and the variables that name files and passphrases
// come from the caller, so anyone could get another user's keys.
var ErrElevated = errors.New("this program must not be set-user-id or set-group-id, or have file capabilities")
