// Package stampede tests many processes that need the same passphrase at once, with and without a kernel
// keyring.
package stampede
