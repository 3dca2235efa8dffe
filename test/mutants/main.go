// Command mutants changes the code that makes decisions about keys, one operator at a time, and counts how
// many changes the tests detect. The changes are those of gremlins (https://gremlins.dev), which builds the
// tests for each change. This command builds the tests and programs once for all changes of a package, and
// a file selects the change that is on. That takes minutes instead of hours, and includes the scripts that
// run the programs.
//
// A mutant is killed if a test fails, lived if all pass, and not covered if no test reaches it. Efficacy is
// killed / (killed + lived); coverage is (killed + lived) / (killed + lived + not covered). Mutants that
// behave like the original are listed in accepted.txt with their reason, and do not count.
package main

import (
	"bufio"
	_ "embed"
	"errors"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"time"
)

// The bounds that every package must reach, in percent.
const (
	leastEfficacy = 92.0
	leastCoverage = 85.0
)

// subject is a package whose mutants are run. If a program's scripts cover the package, they count in
// addition to its own tests.
type subject struct {
	dir     string
	scripts string // a package or module with tests that use dir; "" for none
	run     string // which of its tests to run, as in go test -run
}

const (
	helperScripts = "./cmd/docker-credential-ngc"
	ragenvScripts = "./cmd/ragenv"
)

var subjects = []subject{
	{"internal/atomicfile", "", ""},
	{"internal/backends", ragenvScripts, "TestScripts/backend"},
	{"internal/backup", "", ""},
	{"internal/childenv", "", ""},
	{"internal/completion", "", ""},
	{"internal/config", ragenvScripts, "TestScripts/(config|profile|source$)"},
	{"internal/credentialhelper", helperScripts, "TestScripts|TestRagenv"},
	{"internal/dockerconfig", ragenvScripts, "TestScripts/docker"},
	{"internal/dotenv", "./test/oracle", "TestReadings"},
	{"internal/expiry", "", ""},
	{"internal/export", "", ""},
	{"internal/fingerprint", "", ""},
	{"internal/gitindex", "", ""},
	{"internal/helm", ragenvScripts, "TestScripts/helm"},
	{"internal/importer", ragenvScripts, "TestScripts/import"},
	{"internal/injection", ragenvScripts, "TestScripts/run"},
	{"internal/keyfile", ragenvScripts, "TestScripts/(run_files|helm)"},
	{"internal/keyinput", "", ""},
	{"internal/listing", "", ""},
	{"internal/mask", "", ""},
	{"internal/opener", "", ""},
	{"internal/passphrase", ragenvScripts, "TestScripts/(passphrase|set_locked|reset)"},
	{"internal/places", ragenvScripts, "TestScripts/(where|import_places)"},
	{"internal/podmanconfig", ragenvScripts, "TestScripts/.*podman"},
	{"internal/profiles", "", ""},
	{"internal/program", "", ""},
	{"internal/recovery", ragenvScripts, "TestScripts/backup"},
	{"internal/render", "", ""},
	{"internal/rotation", "", ""},
	{"internal/secrets", "", ""},
	{"internal/serverurl", "", ""},
	{"internal/session", "", ""},
	{"internal/source", ragenvScripts, "TestScripts/source$"},
	{"internal/trustedfile", "", ""},
	{"internal/wanted", "", ""},
	{"internal/where", ragenvScripts, "TestScripts/(where|rotate)"},
	{"internal/where/containers", "", ""},
	{"internal/where/kubernetes", "", ""},
	{"pkg/keychain", "", ""},
	{"pkg/keychain/agestore", "", ""},
	{"pkg/keychain/internal/kernelcache", "", ""},
	{"pkg/validate", "", ""},
	{"pkg/validate/probe", "", ""},
}

// counts are the mutants of one package by outcome.
type counts struct {
	killed, lived, uncovered, accepted, timedOut int
	survivors                                    []mutant
}

func percent(part, whole int) float64 {
	if whole == 0 {
		return 100
	}
	return 100 * float64(part) / float64(whole)
}

func (c counts) efficacy() float64 { return percent(c.killed, c.killed+c.lived) }
func (c counts) coverage() float64 {
	return percent(c.killed+c.lived, c.killed+c.lived+c.uncovered)
}

//go:embed accepted.txt
var acceptedText string

func main() {
	workers := flag.Int("workers", runtime.GOMAXPROCS(0), "how many mutants are tested at once")
	show := flag.Bool("uncovered", false, "list the mutants that no test reaches, and those that ran out of time, too")
	own := flag.Bool("own", false, "leave the scripts out: a package's own tests alone")
	flag.Parse()
	if err := run(*workers, *show, *own, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mutants: error:", err)
		os.Exit(1)
	}
}

func run(workers int, show, own bool, dirs []string) error {
	accepted, err := parseAccepted(acceptedText)
	if err != nil {
		return err
	}
	chosen, err := choose(dirs)
	if err != nil {
		return err
	}
	root, err := os.Getwd()
	if err != nil {
		return err
	}
	fmt.Printf("%-28s %7s %9s %12s %9s %9s %9s   %-15s %s\n", "package", "killed", "survived", "not covered", "accepted", "efficacy", "coverage", "own tests alone", "time")
	var failed []string
	begin := time.Now()
	for _, s := range chosen {
		if own {
			s.scripts = ""
		}
		start := time.Now()
		found, err := find(root, s.dir)
		if err != nil {
			return fmt.Errorf("%s: %w", s.dir, err)
		}
		results, err := test(root, s, max(workers, 1), found)
		if err != nil {
			return fmt.Errorf("%s: %w", s.dir, err)
		}
		c, alone := count(found.mutants, results, false, show, accepted), count(found.mutants, results, true, false, accepted)
		fmt.Printf("%-28s %7d %9d %12d %9d %8.1f%% %8.1f%%   %5.1f%% %5.1f%%   %s\n", s.dir, c.killed, c.lived, c.uncovered, c.accepted,
			c.efficacy(), c.coverage(), alone.efficacy(), alone.coverage(), time.Since(start).Round(time.Second))
		if c.timedOut > 0 {
			fmt.Printf("    %d of the killed ran out of time: an endless loop, or a busy machine\n", c.timedOut)
		}
		for _, m := range c.survivors {
			fmt.Printf("    %s:%d: %s: %s\n", m.file, m.line, m.kind, m.source)
		}
		if c.killed == 0 {
			return fmt.Errorf("%s: no mutant was killed", s.dir)
		}
		if c.efficacy() < leastEfficacy || c.coverage() < leastCoverage {
			failed = append(failed, s.dir)
		}
	}
	fmt.Printf("%d packages in %s\n", len(chosen), time.Since(begin).Round(time.Second))
	if len(failed) > 0 {
		return fmt.Errorf("below %g %% efficacy or %g %% coverage: %s", leastEfficacy, leastCoverage, strings.Join(failed, ", "))
	}
	return nil
}

// choose returns the subjects in the given directories, or all if there are none.
func choose(dirs []string) (chosen []subject, err error) {
	for _, dir := range dirs {
		i := slices.IndexFunc(subjects, func(s subject) bool { return s.dir == strings.TrimPrefix(filepath.Clean(dir), "./") })
		if i < 0 {
			return nil, fmt.Errorf("%s is not in the table of test/mutants/main.go", dir)
		}
		chosen = append(chosen, subjects[i])
	}
	if len(dirs) == 0 {
		return subjects, nil
	}
	return chosen, nil
}

// count counts the results of the package's own tests, or of these and the scripts.
func count(mutants []mutant, results []result, own, show bool, accepted map[string]bool) (c counts) {
	for i, m := range mutants {
		o := results[i].all
		if own {
			o = results[i].own
		}
		switch o {
		case timedOut:
			c.timedOut++
			c.killed++
			if show {
				m.kind += " (ran out of time)"
				c.survivors = append(c.survivors, m)
			}
		case killed:
			c.killed++
		case lived:
			if accepted[m.key()] {
				c.accepted++
				continue
			}
			c.lived++
			c.survivors = append(c.survivors, m)
		case uncovered:
			c.uncovered++
			if show {
				m.kind += " (not covered)"
				c.survivors = append(c.survivors, m)
			}
		}
	}
	return c
}

// parseAccepted parses accepted.txt. A paragraph is a reason (lines that start with #) and mutants (file,
// kind and source line, separated by tabs).
func parseAccepted(text string) (map[string]bool, error) {
	accepted := map[string]bool{}
	reason := false
	for scanner := bufio.NewScanner(strings.NewReader(text)); scanner.Scan(); {
		switch line := scanner.Text(); {
		case line == "":
			reason = false
		case strings.HasPrefix(line, "#"):
			reason = true
		case strings.Count(line, "\t") != 2:
			return nil, fmt.Errorf("accepted.txt: not file, kind and source line: %q", line)
		case !reason:
			return nil, errors.New("accepted.txt: a mutant without a reason")
		default:
			accepted[line] = true
		}
	}
	return accepted, nil
}
