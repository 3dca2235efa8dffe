//go:build unix && !linux

package hangs

const maxRSSShift = 0 // ru_maxrss is in bytes on macOS
