package hardening

import (
	"testing"

	"golang.org/x/sys/unix"
)

func TestUndumpable(t *testing.T) {
	before, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0)
	if err != nil {
		t.Skipf("this kernel does not tell: %v", err)
	}
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_DUMPABLE, uintptr(before), 0, 0, 0) })
	Undumpable()
	if after, err := unix.PrctlRetInt(unix.PR_GET_DUMPABLE, 0, 0, 0, 0); err != nil || after != 0 {
		t.Errorf("PR_GET_DUMPABLE = %d, %v; want 0", after, err)
	}
}
