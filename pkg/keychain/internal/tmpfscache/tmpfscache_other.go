//go:build !linux

package tmpfscache

import "time"

func write(string, []byte) error { return ErrUnavailable }

func read(string) ([]byte, error) { return nil, ErrMiss }

func remove(string) error { return nil }

func bootTime() (time.Duration, error) { return 0, ErrUnavailable }
