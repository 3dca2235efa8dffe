//go:build !linux

package kernelcache

import "time"

func put(string, []byte, time.Duration) error { return ErrUnavailable }

func get(string) ([]byte, time.Duration, error) { return nil, 0, ErrMiss }

func remove(string) error { return nil }
