//go:build !linux

// Package hardening keeps secrets in this process's memory out of core dumps and other processes.
package hardening

// Undumpable does nothing here. macOS and Windows write no core dumps unless asked to, and the BSDs have no
// such call for an ordinary process.
func Undumpable() {}

// Elevated returns ErrElevated if execve gave this process privileges that its caller does not have.
func Elevated() error { return elevatedIDs() }
