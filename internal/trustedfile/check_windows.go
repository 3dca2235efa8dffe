package trustedfile

import "io/fs"

const noFollow = 0

func check(string, fs.FileInfo, bool) error { return nil }
