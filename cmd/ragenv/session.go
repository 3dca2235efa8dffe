package main

import (
	"fmt"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func (p *program) printer(quiet bool) ui.Printer {
	return ui.Printer{Program: programName, W: p.stderr, Quiet: quiet, Complete: func(hint string) string {
		if p.profile != "" {
			hint = commandline.WithFlag(newApp(p), hint, session.FlagProfile, p.profile)
		}
		return sudo.Adapted(hint)
	}}
}

const flagQuiet = "quiet"

func globalFlags() []cli.Flag {
	return []cli.Flag{
		&cli.StringFlag{Name: session.FlagProfile, Aliases: []string{"p"}, Usage: "use the keys of profile `NAME`"},
		&cli.BoolFlag{Name: flagQuiet, Aliases: []string{"q"}, Usage: "print only warnings and errors"},
	}
}

// globals are the values of the global flags.
type globals struct {
	quiet   bool
	profile *string // nil without the flag
	hint    string  // for an error in these flags
}

func globalsOf(c *cli.Context) globals {
	g := globals{quiet: c.Bool(flagQuiet), hint: commandline.HelpHint(c)}
	if profile := c.String(session.FlagProfile); c.IsSet(session.FlagProfile) {
		g.profile = &profile
	}
	return g
}

// session reads the configuration and the global flags.
func (p *program) session(c *cli.Context) (*session.Session, error) { return p.open(globalsOf(c)) }

// open reads the configuration and returns the session that a command works with.
func (p *program) open(g globals) (*session.Session, error) {
	if g.profile != nil && keychain.ValidateProfile(*g.profile) == nil {
		p.profile = *g.profile
	}
	print := p.printer(g.quiet)
	s := &session.Session{Print: print, Stdin: p.stdin, Stdout: p.stdout, Stderr: p.stderr, Getenv: p.getenv, Now: p.now, Services: services.New(p.getenv, print), Again: p.again}
	var err error
	if s.Config, err = config.Load(p.getenv); err != nil {
		return nil, session.ExplainConfig(err)
	}
	if err := s.GetBus(); err != nil {
		return nil, err
	}
	if g.profile != nil {
		if err := s.Config.SetProfile(*g.profile, config.OriginFlag); err != nil {
			if secrets.LooksLikeKey(*g.profile) {
				err = fmt.Errorf("%w: a key cannot be a profile", keychain.ErrInvalidName)
			}
			return nil, ui.Usagef(g.hint, "--%s: %w", session.FlagProfile, err)
		}
	}
	for _, key := range s.Config.UnknownKeys {
		s.Print.Warn("%s: unknown setting %q", s.Config.Paths.ConfigFile, key)
	}
	return s, nil
}

// underSudo adds a hint to an error that sudo caused.
func (p *program) underSudo(err error) error {
	if explained, ok := sudo.Explain(p.getenv, err); ok {
		return ui.WithCode(ui.Errorf("run ragenv without sudo, or let root have keys of its own: sudo -H ragenv setup", "%w", explained), ui.Explain(err).Code)
	}
	return err
}
