package durability

import (
	"regexp"
	"strings"
)

// call is a system call in strace's output.
type call struct {
	kind     string // its name and files, the same for all runs: "read /proc/N/environ"
	inside   bool   // on a file of the world
	injected bool   // strace made it fail
}

var (
	callStart = regexp.MustCompile(`^(\d+) +(\w+)\(`)
	callEnd   = regexp.MustCompile(`^(\d+) +<\.\.\. (\w+) resumed>`)
	callFile  = regexp.MustCompile(`["<]([^">]*/[^">]*)`)
	digits    = regexp.MustCompile(`\d+`)
	random    = regexp.MustCompile(`\.tmp-\w+`)
)

// parseCalls returns the calls in strace's output. A call that another thread interrupted is on two lines, of which
// the first has the files and the second the result. The last call of a killed process has no result.
func parseCalls(text, dir string) []call {
	var list []call
	unfinished := map[string]int{} // the thread's call in list
	for line := range strings.Lines(text) {
		var at int
		if m := callStart.FindStringSubmatch(line); m != nil {
			at = len(list)
			files := ""
			for _, file := range callFile.FindAllStringSubmatch(line, -1) {
				name := random.ReplaceAllString(strings.ReplaceAll(file[1], dir, "."), ".tmp-N")
				files += " " + digits.ReplaceAllString(name, "N")
			}
			list = append(list, call{kind: m[2] + files, inside: strings.Contains(line, dir) && !strings.Contains(line, "<pipe:")})
			unfinished[m[1]] = at
		} else if m := callEnd.FindStringSubmatch(line); m != nil {
			var known bool
			if at, known = unfinished[m[1]]; !known {
				continue
			}
		} else {
			continue
		}
		if strings.Contains(line, "(INJECTED)") || strings.Contains(line, "(INJECTED: ") {
			list[at].injected = true
		}
	}
	return list
}

// frontier decides where a series of injections at the first, second, ... call ends. rotate searches for what has
// the former key, in every process and many files, after it has written everything: it is enough that one call of each
// kind fails there.
type frontier struct {
	repeats int             // how many runs in a row may add nothing
	kinds   map[string]bool // seen outside of the world
	inside  int             // the most calls in the world before a kill
	same    int             // runs in a row that added nothing
	missed  int             // runs in a row without a fault
}

const (
	mayMiss   = 2  // calls are counted per thread, and the thread that does them varies
	mayRepeat = 25 // more than the calls outside of the world between two in it
	mayStray  = 5  // by how much the last call that can differ varies between runs
)

// passed reports whether the series ends after a run with these calls.
func (f *frontier) passed(calls []call, hit, killed bool) bool {
	if !hit {
		f.missed++
		return f.missed >= mayMiss
	}
	f.missed = 0
	f.same++
	inside := 0
	for _, c := range calls {
		if !killed && !c.injected {
			continue
		}
		if c.inside {
			inside++
		} else if !f.kinds[c.kind] {
			f.kinds[c.kind] = true
			f.same = 0
		}
	}
	if !killed && inside > 0 || inside > f.inside {
		f.same, f.inside = 0, max(f.inside, inside)
	}
	return f.same >= f.repeats
}
