//go:build !linux

package source

// turn has nothing to do where nothing is kept.
func (*Commands) turn() (done func()) { return func() {} }
