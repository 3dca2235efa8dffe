package doctor

import "io/fs"

// ownership knows nothing: the profile directory's access control decides there.
func ownership(fs.FileInfo) (owner string, ours bool) { return "", true }
