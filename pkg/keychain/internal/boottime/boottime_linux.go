// Package boottime reads a clock that cannot be set back, for the deadlines of unlocked identities.
package boottime

import (
	"time"

	"golang.org/x/sys/unix"
)

// Now returns the time since the machine started, sleep included (CLOCK_BOOTTIME of clock_gettime(2)). Error:
// the kernel's errno.
func Now() (time.Duration, error) {
	var ts unix.Timespec
	if err := unix.ClockGettime(unix.CLOCK_BOOTTIME, &ts); err != nil {
		return 0, err
	}
	return time.Duration(ts.Nano()), nil
}
