package doctor

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/passphrase"
	"github.com/ragenv/ragenv/internal/program"
	"github.com/ragenv/ragenv/internal/secrets"
)

const (
	programLimit = 5 * time.Second
	maxOutput    = 256 << 10 // limit of a program's output in bytes
)

// lookPath finds a program on the examined world's PATH, as Docker and a shell do. notExecutable is the
// first file of that name that was skipped because it is not executable.
func (w *World) lookPath(name string) (path, notExecutable string) {
	for _, dir := range filepath.SplitList(w.Getenv("PATH")) {
		if !filepath.IsAbs(dir) {
			continue // programs written in Go, such as Docker, run nothing from the current directory
		}
		file := filepath.Join(dir, name)
		found, err := exec.LookPath(file)
		if err == nil {
			return found, notExecutable
		}
		// If this user may not search the directory, there is nothing to fix.
		if _, statErr := os.Stat(file); errors.Is(err, fs.ErrPermission) && statErr == nil && notExecutable == "" {
			notExecutable = file
		}
	}
	return "", notExecutable
}

// run runs a program with a time limit and returns its standard output. The program gets no input and no
// terminal, so it cannot prompt, and no secret.
func (w *World) run(ctx context.Context, dir, path string, args ...string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, programLimit)
	defer cancel()
	cmd := program.Command(ctx, w.harmlessEnviron(), path, args...)
	stdout := program.Limited{Max: maxOutput}
	cmd.Stdout, cmd.Dir = &stdout, dir
	withoutConsole(cmd)
	err := cmd.Run()
	if ctx.Err() != nil {
		err = ctx.Err()
	}
	return strings.TrimSpace(stdout.String()), err
}

// harmlessEnviron returns the environment without passphrases, keys and GIT_ variables, and with settings
// that prevent prompts.
func (w *World) harmlessEnviron() []string {
	secret := map[string]bool{}
	for _, name := range slices.Concat(passphrase.Variables, secrets.Variables()) {
		secret[name] = true
	}
	var env []string
	for _, entry := range w.Environ {
		if name, _, _ := strings.Cut(entry, "="); !secret[name] && !strings.HasPrefix(name, "GIT_") {
			env = append(env, entry)
		}
	}
	return append(env, "SSH_ASKPASS_REQUIRE=never", "GIT_TERMINAL_PROMPT=0", "GIT_OPTIONAL_LOCKS=0", "GIT_NO_LAZY_FETCH=1", "GIT_ALLOW_PROTOCOL=none", "LC_ALL=C")
}
