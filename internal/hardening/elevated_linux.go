package hardening

import (
	"os"

	"golang.org/x/sys/unix"
)

const atSecure = 23 // AT_SECURE, getauxval(3)

// Elevated returns ErrElevated if execve gave this process rights that its caller has not. It asks the kernel nothing in the
// usual case: the answer was handed over at the start (AT_SECURE) and the runtime kept it.
//
// A security module sets AT_SECURE also where a service changes its domain and nobody's rights grow; that is no reason.
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
		return nil // root's capabilities are no file's
	}
	header := unix.CapUserHeader{Version: unix.LINUX_CAPABILITY_VERSION_3}
	var data [2]unix.CapUserData
	if unix.Capget(&header, &data[0]) == nil && data[0].Permitted|data[1].Permitted != 0 {
		return ErrElevated
	}
	return nil
}

func elevatedIDs() error {
	if os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() {
		return ErrElevated
	}
	return nil
}
