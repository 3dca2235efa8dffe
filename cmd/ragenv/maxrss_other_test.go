//go:build unix && !linux

package main

const maxRSSShift = 0 // ru_maxrss is in bytes on macOS
