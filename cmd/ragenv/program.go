package main

import (
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/hardening"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

const programName = "ragenv"

// program is what a run of ragenv has to do with the world.
type program struct {
	stdin          *os.File
	stdout, stderr io.Writer
	getenv         func(string) string
	now            func() time.Time
}

func newProgram() *program {
	return &program{stdin: os.Stdin, stdout: os.Stdout, stderr: os.Stderr, getenv: os.Getenv, now: time.Now}
}

// main runs the command line without the program's name, and returns the exit code.
func (p *program) main(args []string) int {
	if err := hardening.Elevated(); err != nil {
		return p.printer(false).Fail(ownFailure(ui.Errorf(`chmod a-s "$(command -v ragenv)", and setcap -r on it`, "%w", err)))
	}
	err := p.do(args)
	if errors.Is(err, errHelpShown) {
		return 0
	}
	var status exitStatus
	if errors.As(err, &status) {
		return int(status)
	}
	return p.printer(false).Fail(p.underSudo(err))
}

// do does what the command line says.
func (p *program) do(args []string) error {
	if len(args) > 1 && args[0] == "--" {
		// The usual form has no flags to understand, and starts sooner without what understands them (docs/benchmarks.md).
		return p.run(globals{}, runOptions{command: args[1:]})
	}
	app := newApp(p)
	return app.Run(append([]string{programName}, arrange(app, args)...))
}

func (p *program) printer(quiet bool) ui.Printer {
	return ui.Printer{Program: programName, W: p.stderr, Quiet: quiet}
}

// session is a command at work: the program with its configuration in effect.
type session struct {
	*program
	config *config.Config
	print  ui.Printer
}

// globals are the values of the flags that every command has.
type globals struct {
	quiet   bool
	profile *string // nil if the flag is not given
	hint    string  // of an error in them
}

func globalsOf(c *cli.Context) globals {
	g := globals{quiet: c.Bool(flagQuiet), hint: helpHint(c)}
	if profile := c.String(flagProfile); c.IsSet(flagProfile) {
		g.profile = &profile
	}
	return g
}

// session reads the configuration and the flags that every command has.
func (p *program) session(c *cli.Context) (*session, error) { return p.open(globalsOf(c)) }

// open reads the configuration, with which a command works.
func (p *program) open(g globals) (*session, error) {
	s := &session{program: p, print: p.printer(g.quiet)}
	var err error
	if s.config, err = config.Load(p.getenv); err != nil {
		return nil, explainConfig(err)
	}
	if g.profile != nil {
		if err := s.config.SetProfile(*g.profile, config.OriginFlag); err != nil {
			if looksSecret(*g.profile) {
				err = fmt.Errorf("%w: a key is no profile", keychain.ErrInvalidName)
			}
			return nil, ui.Usagef(g.hint, "--%s: %w", flagProfile, err)
		}
	}
	for _, key := range s.config.UnknownKeys {
		s.print.Warn("%s: unknown setting %q", s.config.Paths.ConfigFile, key)
	}
	return s, nil
}

// explainConfig adds to an error of the configuration what can be done about it.
func explainConfig(err error) error {
	switch {
	case errors.Is(err, config.ErrInvalid):
		return ui.Errorf("correct that file, or move it out of the way", "%w", err)
	case errors.Is(err, config.ErrNoHome):
		return ui.Errorf("export HOME=/your/home/directory", "%w", err)
	case errors.Is(err, keychain.ErrInvalidName):
		return ui.Errorf("unset "+config.EnvProfile, "%w", err)
	}
	return err
}

// opener opens keychains for this command. It asks for a new store's passphrase, but never for a locked store's: see
// unlocked.
func (s *session) opener() opener.Opener {
	return opener.Opener{Config: s.config, Getenv: s.getenv, AskNew: s.askNewPassphrase, Print: s.print}
}

// quietOpener opens keychains that ask nobody anything.
func (s *session) quietOpener() opener.Opener {
	return opener.Opener{Config: s.config, Getenv: s.getenv, Print: s.print}
}

// envRef is the item of an environment variable in the active profile.
func (s *session) envRef(name string) keychain.Ref {
	return keychain.Ref{Profile: s.config.Profile, Kind: keychain.KindEnv, Name: name}
}

// inProfile is a phrase that names the active profile where it is not the default one.
func (s *session) inProfile() string {
	if s.config.Profile == config.DefaultProfile {
		return ""
	}
	return " in profile " + s.config.Profile
}

// forProfile is the flag that a command in a hint needs to reach the active profile, with a leading space.
func (s *session) forProfile() string {
	if s.config.OriginOf(config.KeyProfile) != config.OriginFlag {
		return ""
	}
	return " --" + flagProfile + " " + s.config.Profile
}

// underSudo adds to an error what sudo has to do with it: "sudo -E" and the like keep HOME, so that root looks into a
// person's store, which it must not trust.
func (p *program) underSudo(err error) error {
	var insecure *keychain.InsecureError
	if errors.As(err, &insecure) && sudo.Owns(p.getenv, insecure.Path) {
		return ui.WithCode(ui.Errorf("run ragenv without sudo, or let root have keys of its own: sudo -H ragenv setup", "%w, because of sudo", err), ui.Explain(err).Code)
	}
	return err
}
