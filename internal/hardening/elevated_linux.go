package hardening

import (
	"os"

	"golang.org/x/sys/unix"
)

const atSecure = 23 // AT_SECURE, getauxval(3)

// Elevated returns ErrElevated if execve gave this process privileges that its caller does not have. It
// usually makes no system call: the kernel passes the answer at the start (AT_SECURE) and the Go runtime
// keeps it.
//
// A security module also sets AT_SECURE when a service changes its domain without gaining privileges. That
// is not an error.
func Elevated() error {
	vector, err := unix.Auxv()
	if err != nil {
		return elevatedIDs()
	}
	for _, entry := range vector {
		if entry[0] == atSecure && entry[1] == 0 {
			return nil
		}
	}
	if err := elevatedIDs(); err != nil {
		return err
	}
	if os.Getuid() == 0 {
		return nil // root has its capabilities without a file
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) == nil && data[0].Permitted|data[1].Permitted != 0 {
		return ErrElevated
	}
	return nil
}
