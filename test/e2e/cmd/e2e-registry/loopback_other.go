//go:build !linux

package main

import "errors"

func loopbackUp(string) error { return errors.New("-interface needs Linux") }
