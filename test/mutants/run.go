package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"go/importer"
	"go/token"
	"go/types"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"
)

type outcome int

const (
	uncovered outcome = iota
	noProgram         // the compiler rejects the constant, so it is not a mutant
	lived
	killed
	timedOut // an endless loop or a busy machine; counts as killed
)

// result is the outcome of a mutant in the package's own tests, and in these and the scripts.
type result struct {
	own, all outcome
}

// list returns the Go files of the package in dir, and an importer for its imports.
func list(dir string) ([]string, func(*token.FileSet) types.Importer, error) {
	out, err := goCommand(dir, "list", "-export", "-deps", "-json=Dir,Export,GoFiles,ImportPath,DepOnly", ".")
	if err != nil {
		return nil, nil, err
	}
	exports := map[string]string{}
	var files []string
	for decoder := json.NewDecoder(bytes.NewReader(out)); ; {
		var p struct {
			Export, ImportPath string
			GoFiles            []string
			DepOnly            bool
		}
		if err := decoder.Decode(&p); err == io.EOF {
			break
		} else if err != nil {
			return nil, nil, err
		}
		exports[p.ImportPath] = p.Export
		if !p.DepOnly {
			files = p.GoFiles
		}
	}
	return files, func(positions *token.FileSet) types.Importer {
		return importer.ForCompiler(positions, "gc", func(path string) (io.ReadCloser, error) { return os.Open(exports[path]) })
	}, nil
}

func goCommand(dir string, args ...string) ([]byte, error) {
	cmd := exec.Command("go", args...)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "GOWORK=off")
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	out, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go %s: %w\n%s", args[0], err, stderr.Bytes())
	}
	return out, nil
}

// suite is a test program built with the mutants.
type suite struct {
	program, dir string
	args         []string
	limit        time.Duration
	reached      map[int]bool
}

// place is a directory in which one mutant at a time is on.
type place struct {
	root, dir    string
	subject      subject
	own, scripts *suite // nil if there are none
}

// build builds the tests of a subject with replaced files. pkg is the package's import path.
func (p *place) build(pkg string, replaced map[string][]byte) error {
	overlay := map[string]map[string]string{"Replace": {}}
	for path, text := range replaced {
		file := filepath.Join(p.dir, filepath.Base(path))
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return err
		}
		overlay["Replace"][path] = file
	}
	data, err := json.Marshal(overlay)
	if err != nil {
		return err
	}
	overlayFile := filepath.Join(p.dir, "overlay.json")
	if err := os.WriteFile(overlayFile, data, 0o644); err != nil {
		return err
	}
	flags := []string{"-overlay", overlayFile, "-ldflags", "-s -w -X '" + pkg + ".mutantDir=" + p.dir + "'"}
	tests := func(name, dir, run string) (*suite, error) {
		s := &suite{program: filepath.Join(p.dir, name), dir: filepath.Join(p.root, dir)}
		if run != "" {
			s.args = []string{"-test.run", run}
		}
		if _, err := goCommand(s.dir, append(append([]string{"test", "-c", "-vet=off", "-o", s.program}, flags...), ".")...); err != nil {
			return nil, err
		}
		if _, err := os.Stat(s.program); errors.Is(err, fs.ErrNotExist) { // the package has no tests
			return nil, nil
		}
		return s, nil
	}
	if p.own, err = tests("own.test", p.subject.dir, ""); err != nil {
		return err
	}
	if p.subject.scripts != "" {
		if p.scripts, err = tests("scripts.test", p.subject.scripts, p.subject.run); err != nil {
			return err
		}
	}
	runs := false
	for _, dir := range []string{p.subject.dir, p.subject.scripts} {
		if dir == "" {
			continue
		}
		deps, err := goCommand(filepath.Join(p.root, dir), "list", "-deps", "-test", ".")
		if err != nil {
			return err
		}
		runs = runs || bytes.Contains(deps, []byte(scriptTest))
	}
	if !runs {
		return nil
	}
	build := append([]string{"build", "-trimpath", "-o", filepath.Join(p.dir, "programs") + string(filepath.Separator)}, flags...)
	_, err = goCommand(p.root, append(build, helperScripts, ragenvScripts)...)
	return err
}

// scriptTest is the end of the import path of the package through which tests run the programs.
const scriptTest = "/test/scripttest\n"

// run runs the tests of a suite with one mutant on, or with none if id is 0. failure is the output of a
// failed test.
func (p *place) run(s *suite, id int) (o outcome, failure string, err error) {
	if err := os.WriteFile(filepath.Join(p.dir, "on"), []byte(strconv.Itoa(id)), 0o644); err != nil {
		return 0, "", err
	}
	temp := filepath.Join(p.dir, "t")
	if err := os.MkdirAll(temp, 0o777); err != nil {
		return 0, "", err
	}
	defer os.RemoveAll(temp)
	ctx, cancel := context.WithTimeout(context.Background(), 2*s.limit)
	defer cancel()
	// An endless loop may use up all memory before the timeout.
	args := append([]string{"-c", `ulimit -v 8000000 2>/dev/null; exec "$@"`, "sh", s.program, "-test.failfast", "-test.timeout", s.limit.String()}, s.args...)
	cmd := exec.CommandContext(ctx, "/bin/sh", args...)
	cmd.Dir = s.dir
	cmd.Env = append(os.Environ(), "GOWORK=off", "TMPDIR="+temp, "PWD="+s.dir, "RAGENV_TEST_PROGRAMS="+filepath.Join(p.dir, "programs"))
	output, err := os.Create(filepath.Join(p.dir, "output")) // a file, since children that outlive the test would keep a pipe open
	if err != nil {
		return 0, "", err
	}
	defer output.Close()
	cmd.Stdout, cmd.Stderr = output, output
	start := time.Now()
	err = cmd.Run()
	var exit *exec.ExitError
	switch {
	case err == nil:
		return lived, "", nil
	case !errors.As(err, &exit):
		return 0, "", err
	case time.Since(start) >= s.limit:
		return timedOut, "", nil
	}
	text, err := os.ReadFile(output.Name())
	return killed, string(text), err
}

// measure runs a suite with no mutant on, to learn which mutants it reaches and how long it takes.
func (p *place) measure(s *suite) error {
	reached := filepath.Join(p.dir, "reached")
	if err := os.WriteFile(reached, nil, 0o666); err != nil {
		return err
	}
	if err := os.Chmod(reached, 0o666); err != nil { // a script may run a program as another user
		return err
	}
	s.limit = 10 * time.Minute
	start := time.Now()
	o, failure, err := p.run(s, 0)
	if err != nil {
		return err
	}
	if o != lived {
		return fmt.Errorf("%s fails with no change:\n%s", filepath.Base(s.program), failure)
	}
	s.limit = 10*time.Second + 4*time.Since(start)
	data, err := os.ReadFile(reached)
	if err != nil {
		return err
	}
	s.reached = map[int]bool{}
	for _, id := range strings.Fields(string(data)) {
		n, err := strconv.Atoi(id)
		if err != nil {
			return err
		}
		s.reached[n] = true
	}
	return nil
}

// try returns the outcome of one mutant. A mutant of a constant counts as reached, since that is not
// recorded.
func (p *place) try(m mutant) (r result, err error) {
	id := m.id
	if m.constant {
		id = -1
	}
	if p.own != nil && (m.constant || p.own.reached[id]) {
		if r.own, _, err = p.run(p.own, id); err != nil {
			return r, err
		}
	}
	r.all = r.own
	if p.scripts != nil && r.own < killed && (m.constant || p.scripts.reached[id]) {
		r.all, _, err = p.run(p.scripts, id)
	}
	return r, err
}

// test returns the outcome of each mutant of a subject. root is the module's directory.
func test(root string, s subject, workers int, found *source) ([]result, error) {
	temp, err := os.MkdirTemp("", "mut") // a short path, since tests create sockets in it
	if err != nil {
		return nil, err
	}
	defer os.RemoveAll(temp)
	if err := os.Chmod(temp, 0o755); err != nil {
		return nil, err
	}
	out, err := goCommand(filepath.Join(root, s.dir), "list")
	if err != nil {
		return nil, err
	}
	pkg := strings.TrimSpace(string(out))
	newPlace := func(name string, replaced map[string][]byte) (*place, error) {
		p := &place{root: root, dir: filepath.Join(temp, name), subject: s}
		if err := os.Mkdir(p.dir, 0o755); err != nil {
			return p, err
		}
		return p, p.build(pkg, replaced)
	}
	first, err := newPlace("all", found.files)
	if err != nil {
		return nil, err
	}
	for _, tests := range []*suite{first.own, first.scripts} {
		if tests != nil {
			if err := first.measure(tests); err != nil {
				return nil, err
			}
		}
	}
	results := make([]result, len(found.mutants))
	errs := make([]error, workers)
	next := make(chan mutant, len(found.mutants))
	for _, m := range found.mutants {
		next <- m
	}
	close(next)
	var wg sync.WaitGroup
	for w := range workers {
		wg.Go(func() {
			p := first
			if w > 0 {
				if p, errs[w] = newPlace(fmt.Sprintf("worker%d", w), found.files); errs[w] != nil {
					return
				}
				p.own.measured(first.own)
				p.scripts.measured(first.scripts)
			}
			for m := range next {
				in := p
				if m.constant {
					var err error
					if in, err = newPlace(fmt.Sprintf("mutant%d", m.id), found.alone(root, m)); err != nil {
						results[m.id-1] = result{noProgram, noProgram}
						_ = os.RemoveAll(in.dir)
						continue
					}
					in.own.measured(first.own)
					in.scripts.measured(first.scripts)
				}
				if results[m.id-1], errs[w] = in.try(m); errs[w] != nil {
					return
				}
				if in != p {
					_ = os.RemoveAll(in.dir)
				}
			}
		})
	}
	wg.Wait()
	return results, errors.Join(errs...)
}

func (s *suite) measured(like *suite) {
	if s != nil {
		s.limit, s.reached = like.limit, like.reached
	}
}
