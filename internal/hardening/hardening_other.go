//go:build !linux

// Package hardening keeps secrets in this process's memory out of core dumps and other processes.
package hardening

import "os"

// Undumpable does nothing here. macOS and Windows write no core dumps unless asked to, and the BSDs have no
// such call for an ordinary process.
func Undumpable() {}

// Elevated returns ErrElevated if the program runs with the rights of another user or group than its
// caller. Windows has no such thing.
func Elevated() error {
	if os.Getuid() != os.Geteuid() || os.Getgid() != os.Getegid() {
		return ErrElevated
	}
	return nil
}
