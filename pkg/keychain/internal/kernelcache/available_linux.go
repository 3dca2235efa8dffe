package kernelcache

import "golang.org/x/sys/unix"

// Available reports whether this process may use the user keyring. Docker's default seccomp profile forbids
// the call.
func Available() bool {
	_, err := unix.KeyctlGetKeyringID(unix.KEY_SPEC_USER_KEYRING, true)
	return err == nil
}
