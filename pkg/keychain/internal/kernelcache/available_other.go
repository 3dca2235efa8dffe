//go:build !linux

package kernelcache

// Available reports whether this process may use the user keyring: never here.
func Available() bool { return false }
