package keyfile

import "os"

// hold does nothing: Windows cannot remove a directory that is open.
func hold(string) (*os.File, error) { return nil, nil }

// Abandoned always returns false, since no directory is marked as in use.
func Abandoned(string) bool { return false }
