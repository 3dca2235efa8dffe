package main

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ragenv/ragenv/test/scripttest"
)

func TestMain(m *testing.M) { scripttest.Main(m, scripttest.Ragenv, main) }

func TestScripts(t *testing.T) {
	scripttest.Run(t, map[string]func(ts *testscript.TestScript, neg bool, args []string){
		"ngcservices": ngcServices,
		"fixture":     fixture, "undorecord": undoRecord, "newer": newer, "sums": sums,
		// value VAR prints a variable and a line break, for "stdin stdout", so that no file has the value,
		// which nokey would find.
		"value": func(ts *testscript.TestScript, _ bool, args []string) {
			_, err := fmt.Fprintln(ts.Stdout(), ts.Getenv(args[0]))
			ts.Check(err)
		},
		// zeros N prints N NUL bytes.
		"zeros": func(ts *testscript.TestScript, _ bool, args []string) {
			n, err := strconv.Atoi(args[0])
			ts.Check(err)
			_, err = fmt.Fprint(ts.Stdout(), strings.Repeat("\x00", n))
			ts.Check(err)
		},
		// dockerconfig FILE [SERVER USER VAR]... writes a config.json with these logins in plain text.
		"dockerconfig": func(ts *testscript.TestScript, _ bool, args []string) {
			auths := map[string]map[string]string{}
			for login := range slices.Chunk(args[1:], 3) {
				auths[login[0]] = map[string]string{"auth": base64.StdEncoding.EncodeToString([]byte(login[1] + ":" + ts.Getenv(login[2])))}
			}
			data, err := json.MarshalIndent(map[string]any{"auths": auths}, "", "\t")
			ts.Check(err)
			ts.Check(os.WriteFile(ts.MkAbs(args[0]), data, 0o600))
		},
		// holds FILE VAR reports whether a file contains a variable's value, plain or encoded as a docker
		// login.
		"holds": func(ts *testscript.TestScript, neg bool, args []string) {
			text, value := ts.ReadFile(args[0]), ts.Getenv(args[1])
			found := scripttest.Holds(text, value) || strings.Contains(text, base64.StdEncoding.EncodeToString([]byte("me:"+value)))
			if found == neg {
				ts.Fatalf("%s holds $%s: %t", args[0], args[1], found)
			}
		},
		// code N COMMAND... runs a command that must exit with N, where 128 + n means signal n.
		"code": func(ts *testscript.TestScript, _ bool, args []string) {
			err := ts.Exec(args[1], args[2:]...)
			code := 0
			var exit *exec.ExitError
			if errors.As(err, &exit) {
				code = exitCode(exit.ProcessState)
			} else {
				ts.Check(err)
			}
			if strconv.Itoa(code) != args[0] {
				ts.Fatalf("exit code %d, want %s", code, args[0])
			}
		},
		// same-lines checks that the last command printed lines, all the same.
		"same-lines": func(ts *testscript.TestScript, _ bool, _ []string) {
			lines := strings.Fields(strings.ReplaceAll(ts.ReadFile("stdout"), "\t", ""))
			if len(lines) < 2 || len(slices.Compact(lines)) != 1 {
				ts.Fatalf("lines differ: %q", lines)
			}
		},
		// same-halves checks that the last command printed the same before and after an empty line.
		"same-halves": func(ts *testscript.TestScript, _ bool, _ []string) {
			before, after, found := strings.Cut(ts.ReadFile("stdout"), "\n\n")
			if !found || strings.TrimSpace(before) != strings.TrimSpace(after) {
				ts.Fatalf("%q and %q differ", before, after)
			}
		},
		// alone PROGRAM sets PATH to the directory of one program.
		"alone": func(ts *testscript.TestScript, _ bool, args []string) {
			path, err := findIn(ts.Getenv("PATH"), args[0])
			ts.Check(err)
			ts.Setenv("PATH", filepath.Dir(path))
		},
	}, scripttest.Helper, scripttest.Ragenv) // ragenv, too: the helper runs it from its own directory
}

func findIn(path, program string) (string, error) {
	for _, dir := range filepath.SplitList(path) {
		for _, name := range []string{program, program + ".exe"} {
			if info, err := os.Stat(filepath.Join(dir, name)); err == nil && !info.IsDir() {
				return filepath.Join(dir, name), nil
			}
		}
	}
	return "", fs.ErrNotExist
}
