//go:build !linux

package kernelcache

import "time"

func put(string, []byte, time.Duration) error { return ErrUnavailable }

func get(string) ([]byte, error) { return nil, ErrMiss }

func remove(string) error { return nil }
