package main

import (
	"errors"
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func (p *program) printer(quiet bool) ui.Printer {
	return ui.Printer{Program: programName, W: p.stderr, Quiet: quiet}
}

// session is a command at work: the program with its configuration in effect.
type session struct {
	*program
	config *config.Config
	print  ui.Printer
}

// Names of the flags that every command has.
const (
	flagProfile = "profile"
	flagQuiet   = "quiet"
)

func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: flagProfile, Aliases: []string{"p"}, Usage: "use the keys of profile `NAME`"},
		&cli.BoolFlag{Name: flagQuiet, Aliases: []string{"q"}, Usage: "print no notes, only warnings and errors"},
	}
}

// globals are the values of the flags that every command has.
type globals struct {
	quiet   bool
	profile *string // nil if the flag is not given
	hint    string  // of an error in them
}

func globalsOf(c *cli.Context) globals {
	g := globals{quiet: c.Bool(flagQuiet), hint: commandline.HelpHint(c)}
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
			if secrets.LooksLikeKey(*g.profile) {
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
		return ui.Errorf(config.HomeHint(), "%w", err)
	case errors.Is(err, keychain.ErrInvalidName):
		return ui.Errorf(shellquote.Unset(config.EnvProfile), "%w", err)
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

// underSudo says what to do about an error that sudo caused.
func (p *program) underSudo(err error) error {
	if explained, ok := sudo.Explain(p.getenv, err); ok {
		return ui.WithCode(ui.Errorf("run ragenv without sudo, or let root have keys of its own: sudo -H ragenv setup", "%w", explained), ui.Explain(err).Code)
	}
	return err
}
