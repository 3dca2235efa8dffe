//go:build !linux

package kernelcache

// Available returns false: only Linux has a kernel keyring.
func Available() bool { return false }
