//go:build !linux && !darwin

package system

func checkHome() error { return nil }
