// Command mutants changes the code that decides about keys, one operator at a time, and counts which changes the tests
// notice. It drives gremlins (https://gremlins.dev) package by package; scripts/mutants passes its path.
//
// A mutant is killed if a test fails, lived if all pass, and not covered if no test reaches it. Efficacy is
// killed / (killed + lived); coverage is (killed + lived) / (killed + lived + not covered). Mutants that no test can
// tell from the original are listed in accepted.txt with their reason, and do not count.
package main

import (
	"bufio"
	_ "embed"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// The bounds that every package has to reach, in per cent.
const (
	leastEfficacy = 92.0
	leastCoverage = 85.0
)

// subject is a package whose mutants are run. Besides its own tests, the scripts of one program count where these are
// what covers it.
type subject struct {
	dir     string
	scripts string // a package with TestScripts, or a module of its own with tests that use dir; "" for none
	run     string // which tests of it, as go test -run takes it
}

const (
	helperScripts = "./cmd/docker-credential-ngc"
	ragenvScripts = "./cmd/ragenv"
)

var subjects = []subject{
	{"internal/atomicfile", "", ""},
	{"internal/childenv", "", ""},
	{"internal/config", ragenvScripts, "TestScripts/(config|profile)"},
	{"internal/credentialhelper", helperScripts, "TestScripts"},
	{"internal/dockerconfig", ragenvScripts, "TestScripts/docker"},
	{"internal/dotenv", "./test/oracle", "TestReadings"},
	{"internal/gitindex", "", ""},
	{"internal/mask", "", ""},
	{"internal/opener", "", ""},
	{"internal/places", ragenvScripts, "TestScripts/(where|import_places)"},
	{"internal/podmanconfig", ragenvScripts, "TestScripts/.*podman"},
	{"internal/render", "", ""},
	{"internal/secrets", "", ""},
	{"internal/serverurl", "", ""},
	{"internal/trustedfile", "", ""},
	{"internal/where", ragenvScripts, "TestScripts/(where|rotate)"},
	{"pkg/keychain", "", ""},
	{"pkg/keychain/agestore", "", ""},
	{"pkg/validate", "", ""},
}

// report is what gremlins writes (its --output).
type report struct {
	Files []struct {
		Name      string `json:"file_name"`
		Mutations []struct {
			Type, Status string
			Line, Column int
		}
	}
}

// mutant is one change, named so that it keeps its name when lines move.
type mutant struct {
	file, kind, source string
	line               int
}

func (m mutant) key() string { return m.file + "\t" + m.kind + "\t" + m.source }

// counts are one package's mutants by outcome.
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
	gremlins := flag.String("gremlins", "", "the program gremlins")
	workers := flag.Int("workers", 0, "how many mutants are tested at once; 0 is one a core")
	show := flag.Bool("uncovered", false, "list the mutants that no test reaches, too")
	own := flag.Bool("own", false, "leave the scripts out: a package's own tests alone")
	profile := flag.String("cases", "", "add the conditions of cases to this coverage profile, and do nothing else")
	flag.Parse()
	if *profile != "" {
		if err := addCases(*profile); err != nil {
			fmt.Fprintln(os.Stderr, "mutants: error:", err)
			os.Exit(1)
		}
		return
	}
	if err := run(*gremlins, *workers, *show, *own, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "mutants: error:", err)
		os.Exit(1)
	}
}

func run(gremlins string, workers int, show, own bool, dirs []string) error {
	accepted, err := parseAccepted(acceptedText)
	if err != nil {
		return err
	}
	chosen := subjects
	if len(dirs) > 0 {
		chosen = nil
		for _, dir := range dirs {
			i := slices.IndexFunc(subjects, func(s subject) bool { return s.dir == strings.TrimPrefix(filepath.Clean(dir), "./") })
			if i < 0 {
				return fmt.Errorf("%s is not in the table of test/mutants/main.go", dir)
			}
			chosen = append(chosen, subjects[i])
		}
	}
	fmt.Printf("%-28s %7s %9s %12s %9s %9s %9s\n", "package", "killed", "survived", "not covered", "accepted", "efficacy", "coverage")
	var failed []string
	for _, s := range chosen {
		if own {
			s.scripts = ""
		}
		c, err := test(s, gremlins, workers, show, accepted)
		if err != nil {
			return fmt.Errorf("%s: %w", s.dir, err)
		}
		fmt.Printf("%-28s %7d %9d %12d %9d %8.1f%% %8.1f%%\n", s.dir, c.killed, c.lived, c.uncovered, c.accepted, c.efficacy(), c.coverage())
		if c.timedOut > 0 {
			fmt.Printf("    %d of the killed ran out of time: an endless loop, or a busy machine\n", c.timedOut)
		}
		for _, m := range c.survivors {
			fmt.Printf("    %s:%d: %s: %s\n", m.file, m.line, m.kind, m.source)
		}
		if c.killed == 0 {
			return fmt.Errorf("%s: no mutant was tested", s.dir)
		}
		if c.efficacy() < leastEfficacy || c.coverage() < leastCoverage {
			failed = append(failed, s.dir)
		}
	}
	if len(failed) > 0 {
		return fmt.Errorf("below %g %% efficacy or %g %% coverage: %s", leastEfficacy, leastCoverage, strings.Join(failed, ", "))
	}
	return nil
}

// test runs gremlins over one package.
func test(s subject, gremlins string, workers int, show bool, accepted map[string]bool) (c counts, err error) {
	temp, err := os.MkdirTemp("", "mutants")
	if err != nil {
		return c, err
	}
	defer os.RemoveAll(temp)
	out := filepath.Join(temp, "report.json")
	args := []string{"unleash", "--silent", "--timeout-coefficient=4", fmt.Sprintf("--workers=%d", workers), "--output=" + out}
	// Files of other systems are covered by no test here.
	ignored, err := exec.Command("go", "list", "-f", "{{range .IgnoredGoFiles}}{{.}} {{end}}", "./"+s.dir).Output()
	if err != nil {
		return c, err
	}
	for _, name := range strings.Fields(string(ignored)) {
		args = append(args, "--exclude-files="+regexp.QuoteMeta(name)+"$")
	}
	cmd := exec.Command(gremlins, append(args, "./"+s.dir)...)
	cmd.Stderr = os.Stderr
	path, err := wrapGo(temp, s)
	if err != nil {
		return c, err
	}
	cmd.Env = append(os.Environ(), "PATH="+path)
	if err := cmd.Run(); err != nil {
		return c, err
	}
	data, err := os.ReadFile(out)
	if err != nil {
		return c, err
	}
	var r report
	if err := json.Unmarshal(data, &r); err != nil {
		return c, err
	}
	for _, f := range r.Files {
		file := filepath.ToSlash(filepath.Join(s.dir, f.Name))
		lines, err := sourceLines(file)
		if err != nil {
			return c, err
		}
		for _, found := range f.Mutations {
			m := mutant{file, found.Type, strings.TrimSpace(lines[found.Line-1]), found.Line}
			switch found.Status {
			case "KILLED":
				c.killed++
			case "TIMED OUT": // an endless loop fails a test
				c.killed++
				c.timedOut++
			case "LIVED":
				if accepted[m.key()] {
					c.accepted++
					continue
				}
				c.lived++
				c.survivors = append(c.survivors, m)
			case "NOT COVERED":
				c.uncovered++
				if show {
					m.kind += " (not covered)"
					c.survivors = append(c.survivors, m)
				}
			}
		}
	}
	return c, nil
}

// wrapGo returns a PATH on which go test also runs the scripts after a package's own tests passed, and on which coverage
// includes the conditions of cases.
func wrapGo(temp string, s subject) (string, error) {
	realGo, err := exec.LookPath("go")
	if err != nil {
		return "", err
	}
	self, err := os.Executable()
	if err != nil {
		return "", err
	}
	bin := filepath.Join(temp, "bin")
	if err := os.Mkdir(bin, 0o700); err != nil {
		return "", err
	}
	const script = `#!/bin/sh
# Written by test/mutants: go test without vet, and then the scripts that cover the package, too.
go=%[1]q self=%[2]q scripts=%[3]q run=%[4]q dir=%[5]q
[ "$1" = test ] || exec "$go" "$@"
shift
"$go" test -vet=off "$@" || exit
profile=''
while [ $# -gt 0 ]; do
	if [ "$1" = -coverprofile ]; then profile=$2; fi
	shift
done
cd "$("$go" list -m -f '{{.Dir}}')" || exit 1
package=$("$go" list -m)/$dir
export GOWORK=off
if [ -z "$profile" ]; then
	[ -n "$scripts" ] || exit 0
	cd "$scripts" && exec "$go" test -vet=off -count=1 -failfast -run "$run" .
fi
if [ -n "$scripts" ]; then
	(cd "$scripts" && "$go" test -vet=off -run "$run" -coverpkg="$package" -coverprofile="$profile.scripts" .) && tail -n +2 "$profile.scripts" >>"$profile" || exit 1
fi
exec "$self" -cases "$profile"
`
	text := fmt.Sprintf(script, realGo, self, s.scripts, s.run, s.dir)
	return bin + string(filepath.ListSeparator) + os.Getenv("PATH"), os.WriteFile(filepath.Join(bin, "go"), []byte(text), 0o700)
}

func sourceLines(path string) ([]string, error) {
	data, err := os.ReadFile(path)
	if err != nil {
		return nil, err
	}
	return strings.Split(string(data), "\n"), nil
}

// parseAccepted reads accepted.txt: paragraphs of a reason (lines that start with #) and mutants (file, kind and source
// line, separated by tabs).
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
