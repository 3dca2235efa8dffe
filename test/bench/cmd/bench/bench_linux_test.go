package main

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/test/bench/process"
	"github.com/ragenv/ragenv/test/bench/result"
)

func shell(script string) process.Command {
	return process.Command{Argv: []string{"/bin/sh", "-c", script}, Env: []string{"PATH=/usr/bin:/bin"}}
}

func named(s *subject) *subject {
	s.Title, s.Of = "a subject", result.After
	return s
}

// A subject with a wrong answer is not measured, and the error contains no secret.
func TestVerifyRefusesWrongAnswers(t *testing.T) {
	key := newKey()
	want := credential{ngc, ngcUser, key}
	file := filepath.Join(t.TempDir(), "answer")
	for name, c := range map[string]struct {
		answer string
		exit   int
		good   bool
	}{
		"right":          {want.json(), 0, true},
		"another secret": {credential{ngc, ngcUser, newKey()}.json(), 0, false},
		"another user":   {credential{ngc, "somebody", key}.json(), 0, false},
		"no JSON":        {"credentials not found", 0, false},
		"a failure":      {want.json(), 1, false},
	} {
		if err := os.WriteFile(file, []byte(c.answer), 0o600); err != nil {
			t.Fatal(err)
		}
		s := named(&subject{command: shell("cat; exit " + string(rune('0'+c.exit))), check: func(out string) error { return answers(out, want) }})
		s.command.Stdin = file
		err := s.verify()
		if (err == nil) != c.good {
			t.Errorf("%s: %v", name, err)
		}
		if err != nil && strings.Contains(err.Error(), key) {
			t.Errorf("%s: the complaint shows the key", name)
		}
	}
	s := named(&subject{command: shell("true"), prove: func() error { return os.ErrInvalid }})
	if s.verify() == nil {
		t.Error("what cannot be proved passes")
	}
}

func TestLists(t *testing.T) {
	want := map[string]string{"a": "1", "b": "2"}
	for text, good := range map[string]bool{
		`{"a":"1","b":"2"}`: true, `{"a":"1"}`: false, `{"a":"1","b":"3"}`: false, `{"a":"1","b":"2","c":"3"}`: false, `[]`: false,
	} {
		if err := lists(text, want); (err == nil) != good {
			t.Errorf("%s: %v", text, err)
		}
	}
}

func TestInterleave(t *testing.T) {
	dir := t.TempDir()
	log := filepath.Join(dir, "log")
	one, two := filepath.Join(dir, "one"), filepath.Join(dir, "two")
	for _, file := range []string{one, two} {
		if err := os.WriteFile(file, []byte(filepath.Base(file)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	often := named(&subject{command: shell("cat >>" + log), stdin: []string{one, two}})
	failed := named(&subject{command: shell("exit 3"), exit: 3})
	if err := interleave([]*subject{often, failed}, 8, 0); err != nil {
		t.Fatal(err)
	}
	if len(often.Wall) != 8 || len(often.CPU) != 8 || len(failed.Wall) != 8 {
		t.Errorf("%d and %d samples, want 8 and 8", len(often.Wall), len(failed.Wall))
	}
	for _, wall := range often.Wall {
		if wall <= 0 {
			t.Errorf("a sample of %d ns", wall)
		}
	}
	text, err := os.ReadFile(log)
	if err != nil || strings.Count(string(text), "onetwo") < 5 {
		t.Errorf("the inputs did not take turns: %q, %v", text, err)
	}
	failing := named(&subject{command: shell("exit 1")})
	if err := interleave([]*subject{failing}, 4, 0); err == nil {
		t.Error("a subject that fails is measured")
	}
}

func TestReadPeers(t *testing.T) {
	file := filepath.Join(t.TempDir(), "peers")
	if err := os.WriteFile(file, []byte("pass\t/usr/bin/pass\t1.7.4\nchamber\t-\tit cannot be had\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	peers, err := readPeers(file)
	if err != nil || peers["pass"].path != "/usr/bin/pass" || peers["pass"].absent() || !peers["chamber"].absent() {
		t.Errorf("%+v, %v", peers, err)
	}
	_, missing := (&world{dir: t.TempDir()}).peersOf(programs{}, peers, nil)
	if len(missing) != 1 || missing[0] != (result.Missing{Name: "chamber", Reason: "it cannot be had"}) {
		t.Errorf("missing: %+v", missing)
	}
}

// fakePerf puts a perf on PATH that prints the line.
func fakePerf(t *testing.T, line string) {
	t.Helper()
	dir := t.TempDir()
	script := "#!/bin/sh\nwhile [ \"$1\" != -o ]; do shift; done\nprintf '# started\\n\\n%s\\n' '" + line + "' >\"$2\"\n"
	if err := os.WriteFile(filepath.Join(dir, "perf"), []byte(script), 0o700); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", dir)
}

func TestPerf(t *testing.T) {
	fakePerf(t, "1234567,,instructions:u,400000,100.00,,")
	if n, err := perf(shell("true")); n != 1234567 || err != nil {
		t.Errorf("%d, %v", n, err)
	}
	if c, err := findCounter(); err != nil || c.name != "perf stat" {
		t.Errorf("perf works, and is not used: %v", err)
	}
	fakePerf(t, "<not supported>,,instructions:u,0,100.00,,")
	if _, err := perf(shell("true")); err == nil || !strings.Contains(err.Error(), "not supported") {
		t.Errorf("a machine without counters: %v", err)
	}
	if _, err := findCounter(); err == nil || !strings.Contains(err.Error(), "valgrind is not installed") {
		t.Errorf("neither works: %v", err)
	}
}
