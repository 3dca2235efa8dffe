package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/dockerconfig"
)

// formatsDir holds the files that formats.txtar opens; see its README.md.
const formatsDir = "testdata/formats"

// readFixture returns the contents of a file of formatsDir and its name, both decoded if the name ends in
// .base64.
func readFixture(ts *testscript.TestScript, path string) (name string, data []byte) {
	data, err := os.ReadFile(path)
	ts.Check(err)
	name, encoded := strings.CutSuffix(path, ".base64")
	if encoded {
		data, err = base64.StdEncoding.DecodeString(strings.ReplaceAll(string(data), "\n", ""))
		ts.Check(err)
	}
	return name, data
}

// fixture FROM TO copies a file, or the contents of a directory, from formatsDir with the private modes
// that the programs use.
func fixture(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: fixture FROM TO")
	}
	from, to := fixturePath(args[0]), ts.MkAbs(args[1])
	ts.Check(os.MkdirAll(filepath.Dir(to), 0o700))
	ts.Check(filepath.WalkDir(from, func(path string, entry fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if entry.IsDir() {
			return os.MkdirAll(filepath.Join(to, strings.TrimPrefix(path, from)), 0o700)
		}
		name, data := readFixture(ts, path)
		return os.WriteFile(filepath.Join(to, strings.TrimPrefix(name, from)), data, 0o600)
	}))
}

func fixturePath(name string) string {
	return filepath.Join(filepath.FromSlash(formatsDir), filepath.FromSlash(name))
}

// undoRecord FROM stores a record where docker unconfigure expects that of $DOCKER_CONFIG/config.json, and
// sets $RECORD to its path.
func undoRecord(ts *testscript.TestScript, _ bool, args []string) {
	if len(args) != 1 {
		ts.Fatalf("usage: undorecord FROM")
	}
	file := filepath.Join(ts.Getenv("DOCKER_CONFIG"), "config.json")
	_, data := readFixture(ts, fixturePath(args[0]))
	quoted, err := json.Marshal(file)
	ts.Check(err)
	paths, err := config.FindPaths(ts.Getenv)
	ts.Check(err)
	ts.Check(os.MkdirAll(paths.State, 0o700))
	ts.Setenv("RECORD", dockerconfig.UndoFile(paths.State, file))
	ts.Check(os.WriteFile(ts.Getenv("RECORD"), bytes.ReplaceAll(data, []byte(`"$CONFIG_JSON"`), quoted), 0o600))
}

// newer FILE turns a JSON file of format 1 into format 2, with its other members of other types.
func newer(ts *testscript.TestScript, _ bool, args []string) {
	path := ts.MkAbs(args[0])
	data, err := os.ReadFile(path)
	ts.Check(err)
	var members map[string]any
	ts.Check(json.Unmarshal(data, &members))
	if members["format"] != 1.0 {
		ts.Fatalf("%s is not of format 1", path)
	}
	for name := range members {
		members[name] = map[string]string{"in": "another way"}
	}
	members["format"] = 2
	data, err = json.Marshal(members)
	ts.Check(err)
	ts.Check(os.WriteFile(path, data, 0o600))
}

// sums DIR prints the path, mode and SHA-256 of every file below it.
func sums(ts *testscript.TestScript, _ bool, args []string) {
	root := ts.MkAbs(args[0])
	ts.Check(filepath.WalkDir(root, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || entry.IsDir() {
			return err
		}
		if entry.Name() == "unlock-key" { // half of the cached identity, whose format may change
			return nil
		}
		data, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		info, err := entry.Info()
		if err != nil {
			return err
		}
		_, err = fmt.Fprintf(ts.Stdout(), "%x %s %s\n", sha256.Sum256(data), info.Mode(), strings.TrimPrefix(path, root))
		return err
	}))
}
