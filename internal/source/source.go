// Package source gets keys from commands, such as a vault's client or sops, each time a key is requested.
// The config file names them: config.Source. Nothing that they print is written to disk.
//
// A command runs without a shell, in the user's home directory, with a clean environment (Environ), without
// a terminal and without input, in its own session, for at most Limit. So it behaves the same under Docker,
// in a timer and in a terminal, and fails instead of waiting for an answer. It prints only the key: one
// line that passes the checks of ragenv set.
package source

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/keyinput"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/program"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/system"
	"github.com/ragenv/ragenv/pkg/validate"
)

// Limit is the time limit for a command.
const Limit = 30 * time.Second

func init() {
	opener.RegisterSources(func(c *config.Config) keychain.Source {
		return &Commands{Config: c, Environ: system.Environ(), Limit: Limit}
	})
}

// Commands are the commands of a config file. It implements keychain.Source.
type Commands struct {
	Config  *config.Config
	Environ []string // the caller's; Environ passes on only a part
	Limit   time.Duration
}

// Error reports why a command supplied no key. It matches keychain.ErrSource, and contains nothing that the
// command printed to standard output.
type Error struct {
	Program string // its name, without the directory
	Reason  string
	Fix     string // the hint
}

func (e *Error) Error() string { return e.Program + " " + e.Reason }

// Unwrap returns keychain.ErrSource.
func (*Error) Unwrap() error { return keychain.ErrSource }

// Hint returns how to fix it.
func (e *Error) Hint() string { return e.Fix }

// Refs implements keychain.Source.
func (c *Commands) Refs() []keychain.Ref { return c.Config.Sourced("") }

// Get implements keychain.Source. It runs the item's command, unless its last answer is cached. Errors:
// *Error.
func (c *Commands) Get(ref keychain.Ref) (keychain.Item, error) {
	s, ok := c.Config.Source(ref)
	if !ok {
		return keychain.Item{}, keychain.ErrNotFound
	}
	item := keychain.Item{Ref: ref}
	if s.Cache == "" {
		var err error
		item.Secret, err = c.Run(ref, s)
		return item, err
	}
	id := c.cacheID(ref, s)
	var kept bool
	if item.Secret, kept = keychain.KeptValue(id); kept {
		return item, nil
	}
	var err error
	item.Secret, err = c.runOnce(id, ref, s)
	return item, err
}

// runOnce runs a command whose answer is cached. If several processes ask at once, only one runs it.
func (c *Commands) runOnce(id string, ref keychain.Ref, s config.Source) (keychain.Secret, error) {
	defer c.turn()()
	if value, kept := keychain.KeptValue(id); kept {
		return value, nil
	}
	value, err := c.Run(ref, s)
	if err == nil {
		keychain.KeepValue(id, value, s.CacheFor())
	}
	return value, err
}

// Forget removes all cached answers. Error: keychain.ErrStillUnlocked.
func (c *Commands) Forget() error {
	var failed error
	for _, ref := range c.Refs() {
		if s, _ := c.Config.Source(ref); s.Cache != "" {
			failed = errors.Join(failed, keychain.ForgetValue(c.cacheID(ref, s)))
		}
	}
	return failed
}

// cacheID changes with everything that the answer depends on, so that an edited command runs again.
func (c *Commands) cacheID(ref keychain.Ref, s config.Source) string {
	h := sha256.New()
	for _, part := range [][]string{{c.Config.Paths.ConfigFile, ref.Key()}, s.Command, Environ(s.Env, c.Environ, s.Env)} {
		fmt.Fprintf(h, "%q\n", part)
	}
	return "source-" + hex.EncodeToString(h.Sum(nil)[:16])
}

// Run runs a command and returns the key that it printed. Errors: *Error.
func (c *Commands) Run(ref keychain.Ref, s config.Source) (keychain.Secret, error) {
	name := strings.TrimSuffix(filepath.Base(s.Command[0]), ".exe")
	fail := func(fix, format string, args ...any) (keychain.Secret, error) {
		return keychain.Secret{}, &Error{name, fmt.Sprintf(format, args...), fix}
	}
	inTerminal := "run it in a terminal: " + words(s)
	if nested(c.Environ) {
		return fail("ragenv source list shows the commands", "is not run: a command that gives a key asked for a key that comes from a command")
	}
	path, err := exec.LookPath(s.Command[0])
	if err != nil {
		return fail("install it, or name it by its path: ragenv source set"+c.Config.ForProfile(ref.Profile)+" "+ref.Name+" -- /PATH/TO/"+name+" ...", "is not found: %v", cause(err))
	}
	ctx, cancel := context.WithTimeout(context.Background(), c.Limit)
	defer cancel()
	cmd := program.Command(ctx, append(Environ(s.Env, c.Environ, nil), envNested+"="+ref.String()), path, s.Command[1:]...)
	out, errOut := &limited{max: keyinput.Max, full: cancel}, &tail{}
	cmd.Stdout, cmd.Stderr, cmd.Dir = out, errOut, c.Config.Paths.Home
	err = cmd.Run()
	said := errOut.last(out.kept.String())
	switch {
	case out.cut:
		return fail("let it print the key alone", "printed more than 1 MiB, so it is not a key")
	case ctx.Err() != nil:
		return fail("it may wait for a login or an answer, and has no terminal here; "+inTerminal, "did not end within %s%s", c.Limit, said)
	case errors.Is(err, exec.ErrWaitDelay): // it succeeded; something it started did not end
	case cmd.ProcessState == nil:
		return fail("name a program that can be run: ragenv source set"+c.Config.ForProfile(ref.Profile)+" "+ref.Name+" -- COMMAND", "cannot be run: %v", cause(err))
	case err != nil:
		return fail(inTerminal, "failed (%s)%s", cmd.ProcessState, said)
	}
	value := keyinput.Value(out.kept.Bytes())
	switch {
	case strings.TrimSpace(value) == "":
		return fail(inTerminal, "printed nothing%s", said)
	case strings.ContainsAny(value, "\r\n"):
		return fail("let it print the key alone, without a header or a second field", "printed %d lines: a key is one", strings.Count(value, "\n")+1)
	}
	for _, finding := range validate.Check(secrets.KindOf(ref.Name), value) {
		if finding.Severity == validate.Refuse {
			return fail(finding.Hint, "printed what is not a key: %s", finding.Message)
		}
	}
	return keychain.NewSecret(value), nil
}

// words returns the command for a shell. It does not show the key.
func words(s config.Source) string {
	return ui.Printable("cd; " + shellquote.Words(s.Command) + " > /dev/null")
}

// cause returns an error without the path, which the message already has.
func cause(err error) error {
	var lookup *exec.Error
	if errors.As(err, &lookup) {
		err = lookup.Err
	}
	var path *fs.PathError
	if errors.As(err, &path) {
		err = path.Err
	}
	return err
}
