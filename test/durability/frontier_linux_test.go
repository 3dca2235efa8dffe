package durability

import (
	"slices"
	"testing"
)

func TestParseCalls(t *testing.T) {
	const log = `12  openat(AT_FDCWD</w>, "/w/home/items/.tmp-a7", O_RDONLY <unfinished ...>
13  read(7</proc/41/environ>, 0xc000, 512) = -1 EIO (Input/output error) (INJECTED)
12  <... openat resumed>)             = -1 ENOSPC (No space left on device) (INJECTED)
13  close(3</w/home/lock>) = 0
13  read(8<pipe:[5]>,  <unfinished ...>
12  +++ killed by SIGKILL +++
`
	want := []call{
		{kind: "openat . ./home/items/.tmp-N", inside: true, injected: true},
		{kind: "read /proc/N/environ", injected: true},
		{kind: "close ./home/lock", inside: true},
		{kind: "read"},
	}
	got := parseCalls(log, "/w")
	if !slices.Equal(got, want) {
		t.Errorf("%+v, want %+v", got, want)
	}
}

// A series ends when only calls outside of the world are left, of kinds that failed before.
func TestFrontier(t *testing.T) {
	inside, search := call{kind: "read ./x", inside: true, injected: true}, call{kind: "read /proc/N/environ", injected: true}
	for name, c := range map[string]struct {
		run   func(n int) []call // the calls of the nth run; none if there is no nth call
		kills bool
		want  int // runs
	}{
		"the world alone": {func(n int) []call { return slices.Repeat([]call{inside}, min(1, max(0, 40-n))) }, false, 41},
		"a search after it": {func(n int) []call {
			if n <= 30 {
				return []call{inside}
			}
			return []call{search}
		}, false, 31 + mayRepeat},
		"the world again": {func(n int) []call {
			if n == mayRepeat {
				return []call{inside}
			}
			return []call{search}
		}, false, 2 * mayRepeat},
		"kills": {func(n int) []call { return slices.Repeat([]call{inside}, min(n, 30)) }, true, 30 + mayRepeat},
	} {
		f, n := frontier{repeats: mayRepeat, kinds: map[string]bool{}}, 1
		for ; n < maxCalls; n++ {
			calls := c.run(n)
			if f.passed(calls, len(calls) > 0, c.kills) {
				break
			}
		}
		if n != c.want {
			t.Errorf("%s: %d runs, want %d", name, n, c.want)
		}
	}
}
