package main

import (
	"os"
	"strings"
	"testing"

	"github.com/ragenv/ragenv/internal/commandline"
)

// testProgram has no files, so that a test cannot reach the machine's keys.
func testProgram(t *testing.T) (p *program, stdout, stderr *strings.Builder) {
	t.Helper()
	stdin, err := os.Open(os.DevNull)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = stdin.Close() })
	stdout, stderr = new(strings.Builder), new(strings.Builder)
	p = newProgram()
	p.stdin, p.stdout, p.stderr = stdin, stdout, stderr
	home := t.TempDir()
	p.getenv = func(name string) string {
		if name == "HOME" || name == "USERPROFILE" {
			return home
		}
		return ""
	}
	return p, stdout, stderr
}

func TestArrange(t *testing.T) {
	p, _, _ := testProgram(t)
	app := newApp(p)
	for line, want := range map[string]string{
		"":                                     "",
		"--help":                               "--help",
		"list":                                 "list",
		"--profile x list --json":              "list --profile x --json",
		"-p=x list":                            "list -p=x",
		"--help list":                          "list --help",
		"set NAME --force --expires 90d":       "set --force --expires 90d -- NAME",
		"set --expires 90d NAME":               "set --expires 90d -- NAME",
		"set NAME --expires":                   "set --expires",
		"set NAME --bogus":                     "set --bogus -- NAME",
		"rm -- --force":                        "rm -- --force",
		"rm A --force -- B --force":            "rm --force -- A B --force",
		"get -":                                "get -- -",
		"docker status --profile x":            "docker status --profile x",
		"--profile x docker --quiet status":    "docker status --profile x",
		"docker compose up --help":             "docker compose up --help",
		"nonsense --flag x":                    "nonsense --flag x",
		"-- docker compose -f x up":            "run -- docker compose -f x up",
		"--profile x --only A,B -- env -i":     "run --profile x --only A,B -- env -i",
		"--only=A -q -- env":                   "run --only=A -q -- env",
		"--only -- env":                        "--only -- env",
		"--bogus -- env":                       "run --bogus -- env",
		"run --only A -- env --only B":         "run --only A -- env --only B",
		"run env --only B -- x":                "run env --only B -- x",
		"--profile x run --only A env --quiet": "run --profile x --only A env --quiet",
		"--":                                   "run --",
		"-- -- x":                              "run -- -- x",
		"list -- --json":                       "list -- --json",
		"run -- list":                          "run -- list",
		"--preserve-env -- sh -c exit -- --quiet": "run --preserve-env -- sh -c exit -- --quiet",
	} {
		if got := strings.Join(commandline.Arrange(app, strings.Fields(line)), " "); got != want {
			t.Errorf("%q became %q, want %q", line, got, want)
		}
	}
}
