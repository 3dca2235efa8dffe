package injection

import (
	"errors"
	"runtime"
	"slices"

	"github.com/ragenv/ragenv/internal/childenv"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/execve"
	"github.com/ragenv/ragenv/internal/keyfile"
	"github.com/ragenv/ragenv/internal/mask"
	"github.com/ragenv/ragenv/internal/maskedrun"
	"github.com/ragenv/ragenv/internal/memfile"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain/system"
)

// Options are the flags of ragenv run and its command.
type Options struct {
	Command     []string          // at least the program
	Only        []string          // variable names; nil means all
	EnvFile     *string           // path of a dotenv file with more variables; nil for none
	PreserveEnv bool              // prefer the shell's values over stored ones
	Pristine    bool              // drop the shell's other variables
	KeepUnlock  bool              // keep the variables that lead to the passphrase
	Files       []keyfile.Spec    // keys to pass as files
	TempFiles   bool              // write these files to a disk, and remove them at the end
	Mask        bool              // hide stored values in the command's output
	Streams     maskedrun.Streams // this process's, for Mask
}

// Run runs a command with the keys. On Unix it returns only on an error, or with the exit code of a command
// that ran as a child: under Mask, with TempFiles, and always on Windows.
func Run(s *session.Session, o Options) (int, error) {
	want := request{Base: system.Environ(), Only: o.Only, Preserve: o.PreserveEnv, Confined: o.Pristine || o.Only != nil, KeepUnlock: o.KeepUnlock, Command: o.Command}
	if o.Pristine {
		want.Base = childenv.Pristine(want.Base, runtime.GOOS == "windows")
	}
	if o.EnvFile != nil {
		settings, err := readEnvFile(*o.EnvFile)
		if err != nil {
			return 0, err
		}
		want.Base, want.Where = append(settings, want.Base...), "this shell or in "+ui.Printable(*o.EnvFile)
	}
	want.Base = append(overrides(s), want.Base...)
	if want.Only != nil {
		want.Only = slices.Concat(want.Only, fileNames(o.Files))
	}
	built, err := build(s, want)
	if err != nil {
		return 0, err
	}
	warnOfExpanded(s, o.Command, built.Injected)
	warnOfSudo(s, o, built.Injected)
	if len(o.Files) > 0 {
		return runWithFiles(s, built, o)
	}
	if o.Mask {
		return runMasked(s, built, o)
	}
	return execve.Run(o.Command, built.Env)
}

// overrides returns the variables that make Docker's helper, or a ragenv inside the command, use the
// profile given by flag. RAGENV_PROFILE and RAGENV_BACKEND are inherited. If a name occurs twice, the first
// counts.
func overrides(s *session.Session) []string {
	if s.Config.OriginOf(config.KeyProfile) != config.OriginFlag {
		return nil
	}
	return []string{config.EnvProfile + "=" + s.Config.Profile}
}

// runWithFiles runs the command with keys in files.
func runWithFiles(s *session.Session, built *environment, o Options) (code int, err error) {
	create, start := memfile.Create, execve.Run
	if o.TempFiles {
		files, err := keyfile.NewTemporary(s.Getenv)
		if err != nil {
			return 0, err
		}
		defer func() {
			if failed := files.Remove(); failed != nil {
				s.Print.Warn("a file with a key was not removed: %v", failed)
			}
		}()
		create, start = files.Create, execve.Child
	}
	if built.Env, err = intoFiles(s, o.Files, built.Env, o.Only, create); err != nil {
		return 0, err
	}
	if o.Mask {
		return runMasked(s, built, o)
	}
	return start(o.Command, built.Env)
}

// runMasked runs the command as a child and masks the stored values in its output.
func runMasked(s *session.Session, built *environment, o Options) (int, error) {
	code, err := maskedrun.Run(o.Command, built.Env, mask.New(built.Secrets), o.Streams)
	var lost *maskedrun.OutputError
	switch {
	case errors.Is(err, maskedrun.ErrUnsupported):
		return 0, ui.Errorf("run it without --mask", "--mask: %w", err)
	case errors.As(err, &lost):
		return max(code, s.Print.Fail(err)), nil // prefer the command's exit code, unless it is 0
	}
	return code, err
}
