package hardening

import "errors"

// ErrElevated: the program was given more rights than its caller has, by a set-user-id or set-group-id bit or by file
// capabilities. What it would then trust - HOME, PATH, the variables that name files and passphrases - is the caller's word, so
// that anybody could have another person's keys handed out.
var ErrElevated = errors.New("this program must not be set-user-id or set-group-id, or have file capabilities")
