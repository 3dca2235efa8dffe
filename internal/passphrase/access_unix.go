//go:build unix

package passphrase

import (
	"fmt"
	"io/fs"
	"syscall"
)

// checkAccess refuses a file that other users can read. Who owns it and can change it is trustedfile's matter.
//
// systemd gives a unit's user access to a credential by an access control list on a file of root with mode 0400, and such
// a list shows as the group's bits (acl(5)): 0440 is how a private credential looks.
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
