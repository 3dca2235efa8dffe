//go:build unix

package passphrase

import (
	"fmt"
	"io/fs"
	"syscall"
)

// checkAccess refuses a file that other users can read. trustedfile checks its owner and who can change it.
//
// systemd gives a unit's user access to a credential through an access control list, on a file that root
// owns with mode 0400. Such a list shows up as group bits (acl(5)), so a private credential has mode 0440.
func checkAccess(info fs.FileInfo, credential bool) error {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if credential && ok && stat.Uid == 0 && info.Mode().Perm() == 0o440 {
		return nil
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return fmt.Errorf("other users can read or change it (mode %04o)", mode)
	}
	return nil
}
