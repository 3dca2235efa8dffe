package passphrase

import "io/fs"

// checkAccess does nothing: on Windows a mode says nothing, and the access control list is up to the user.
func checkAccess(fs.FileInfo, bool) error { return nil }
