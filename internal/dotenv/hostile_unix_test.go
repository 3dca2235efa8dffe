//go:build unix

package dotenv_test

import (
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/ragenv/ragenv/internal/dotenv"
)

// TestHostile checks that the CPU time for extreme nesting and endless errors grows with the size of the file, and not
// with its square.
func TestHostile(t *testing.T) {
	const size, times, most = 1 << 15, 8, 32 // eight for linear growth, 64 for quadratic
	for _, part := range []string{"(", "$(", "${", "if ", "! ", "{ ", "`", "\"$(", "case x in ", "'\n", "A=$(\n", ")\n", "f() ", "<<a\n", "A=b c\n", "A=1;", "A 'b'\n"} {
		took := func(size int) time.Duration {
			data := []byte(strings.Repeat(part, size/len(part)) + "\nA=1\n")
			start := cpuTime(t)
			dotenv.Parse(data)
			return max(cpuTime(t)-start, time.Microsecond)
		}
		small, large := took(size), took(times*size)
		for range 5 { // caches and the garbage collector add to either
			if large < most*small {
				break
			}
			small, large = max(small, took(size)), min(large, took(times*size))
		}
		if t.Logf("%q: %v, and %v for %d times as much", part, small, large, times); large >= most*small {
			t.Errorf("%q: %v for %d KiB, and %v for %d times as much", part, small, size>>10, large, times)
		}
	}
}

// cpuTime returns the time that this process has computed, however busy the machine is.
func cpuTime(t *testing.T) time.Duration {
	t.Helper()
	var usage syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &usage); err != nil {
		t.Fatal(err)
	}
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}
