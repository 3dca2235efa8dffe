package scripttest

import (
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/lockedfile"

	"github.com/ragenv/ragenv/test/rounds"
)

// The programs.
const (
	Helper = "docker-credential-ngc"
	Ragenv = "ragenv"
)

// Binary returns the path of one of the programs. They are built as for a release, except for the version,
// the paths in them (-trimpath would compile the libraries again), and a cheaper scrypt for backups and new
// file keychains. They are in one directory, built once for all tests of all packages, and again when a source
// changes.
func Binary(t testing.TB, program string) string {
	t.Helper()
	dir, err := binaries()
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Join(dir, executable(program))
}

func executable(program string) string {
	if runtime.GOOS == "windows" {
		return program + ".exe"
	}
	return program
}

// binaries returns the directory of both programs.
var binaries = sync.OnceValues(func() (string, error) {
	if dir := os.Getenv("RAGENV_TEST_PROGRAMS"); dir != "" { // built by test/mutants
		return dir, nil
	}
	flags := "-s -w"
	if !rounds.Long() {
		flags += fmt.Sprintf(" -X github.com/ragenv/ragenv/internal/backup.WorkFactor=%[1]d -X github.com/ragenv/ragenv/internal/opener.workFactor=%[1]d", lowWorkFactor)
	}
	dir := ""
	err := inCache(func(root, cache string) error {
		latest := filepath.Join(cache, "latest")
		if err := build(root, latest, []string{"CGO_ENABLED=0", "GOFLAGS="}, "-ldflags", flags, "./cmd/"+Helper, "./cmd/"+Ragenv); err != nil {
			return err
		}
		var err error
		dir, err = byContent(cache, latest)
		removeOld(cache)
		return err
	})
	return dir, err
})

// Build builds packages of this module with these linker flags. It returns their directory, which is the same
// for the same name.
func Build(t testing.TB, name, ldflags string, packages ...string) string {
	t.Helper()
	dir := ""
	err := inCache(func(root, cache string) error {
		dir = filepath.Join(cache, name)
		return build(root, dir, nil, append([]string{"-ldflags", ldflags}, packages...)...)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// inCache calls do with the module's directory and that of the programs, which no other process changes
// meanwhile.
func inCache(do func(root, cache string) error) error {
	root, err := moduleRoot()
	if err != nil {
		return fmt.Errorf("find the module: %w", err)
	}
	cache := filepath.Join(root, ".cache", "test")
	if err := os.MkdirAll(cache, 0o755); err != nil { // a module cache is read-only
		if temporary == "" {
			if temporary, err = os.MkdirTemp("", "ragenv-test-*"); err != nil {
				return err
			}
		}
		cache = temporary
	}
	unlock, err := lockedfile.MutexAt(filepath.Join(cache, "lock")).Lock()
	if err != nil {
		return err
	}
	defer unlock()
	return do(root, cache)
}

// build runs go build. If the programs in dir are up to date, it does not link them again.
func build(root, dir string, env []string, args ...string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	cmd := exec.Command("go", append([]string{"build", "-o", dir}, args...)...)
	cmd.Dir = root
	cmd.Env = append(os.Environ(), env...)
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build the programs: %w\n%s", err, out)
	}
	return nil
}

// temporary is the directory of the programs if the module's directory is read-only, and empty otherwise.
var temporary string

// byContent copies the programs into a directory named after their hash, which later builds never change,
// and returns it.
func byContent(cache, latest string) (string, error) {
	sum := sha256.New()
	programs := map[string][]byte{}
	for _, program := range []string{Helper, Ragenv} {
		data, err := os.ReadFile(filepath.Join(latest, executable(program)))
		if err != nil {
			return "", err
		}
		programs[program] = data
		_, _ = sum.Write(data) // never fails
	}
	dir := filepath.Join(cache, "bin-"+hex.EncodeToString(sum.Sum(nil))[:16])
	now := time.Now()
	switch err := os.Chtimes(dir, now, now); {
	case err == nil:
		return dir, nil
	case !errors.Is(err, fs.ErrNotExist):
		return "", err
	}
	unfinished := dir + ".tmp"
	if err := os.MkdirAll(unfinished, 0o755); err != nil {
		return "", err
	}
	for program, data := range programs {
		if err := os.WriteFile(filepath.Join(unfinished, executable(program)), data, 0o755); err != nil {
			return "", err
		}
	}
	return dir, os.Rename(unfinished, dir)
}

// removeOld removes programs that no test has used since yesterday.
func removeOld(cache string) {
	dirs, _ := filepath.Glob(filepath.Join(cache, "bin-*"))
	for _, dir := range dirs {
		if info, err := os.Stat(dir); err == nil && time.Since(info.ModTime()) > 24*time.Hour {
			_ = os.RemoveAll(dir)
		}
	}
}

var moduleRoot = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	return strings.TrimSpace(string(out)), err
})
