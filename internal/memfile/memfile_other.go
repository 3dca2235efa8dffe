//go:build !linux

package memfile

func create([]byte) (string, error) { return "", ErrUnsupported }
