package passphrase

import "io/fs"

// checkAccess: a mode says nothing on Windows; the access control list is the user's own care.
func checkAccess(fs.FileInfo, bool) error { return nil }
