//go:build !linux && !darwin

package keychain

func newGuard(string, Options) guard { return guard{} }
