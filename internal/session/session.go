// Package session has what the commands of ragenv share: the configuration and streams of a command, and
// common operations on a keychain, such as unlocking it, storing in it and reporting what is missing.
package session

import (
	"errors"
	"io"
	"os"
	"time"

	"golang.org/x/term"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/opener"
	"github.com/ragenv/ragenv/internal/services"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// Session is a running command: the program with the configuration in effect.
type Session struct {
	Config *config.Config
	Print  ui.Printer

	Stdin          *os.File
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time

	Services *services.Services

	Again func() error // restarts the program in this process; returns only on an error
}

// FlagProfile is the name of the flag that selects another profile.
const FlagProfile = "profile"

// ExplainConfig adds a hint to a configuration error.
func ExplainConfig(err error) error {
	switch {
	case errors.Is(err, config.ErrInvalid): // has its own hint
	case errors.Is(err, config.ErrNoHome):
		return ui.Errorf(config.HomeHint(), "%w", err)
	case errors.Is(err, keychain.ErrInvalidName):
		return ui.Errorf(shellquote.Unset(config.EnvProfile), "%w", err)
	}
	return err
}

// Opener returns an opener for this command. It asks for the passphrase of a new file store, but never for
// that of a locked one: see Unlocked.
func (s *Session) Opener() opener.Opener {
	return opener.Opener{Config: s.Config, Getenv: s.Getenv, AskNew: s.AskNewPassphrase, Print: s.Print}
}

// QuietOpener returns an opener that never asks anything.
func (s *Session) QuietOpener() opener.Opener {
	return opener.Opener{Config: s.Config, Getenv: s.Getenv, Print: s.Print}
}

// EnvRef returns the reference of an environment variable in the active profile.
func (s *Session) EnvRef(name string) keychain.Ref {
	return keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindEnv, Name: name}
}

// InProfile returns a phrase that names the active profile, "" for the default one.
func (s *Session) InProfile() string {
	if s.Config.Profile == config.DefaultProfile {
		return ""
	}
	return " in profile " + s.Config.Profile
}

// ForProfile returns the flag, with a leading space, that a command needs to use the active profile.
// Hints need it only where ui.Printer.Complete does not find the command: it adds the flag to all others.
func (s *Session) ForProfile() string {
	if s.Config.OriginOf(config.KeyProfile) != config.OriginFlag {
		return ""
	}
	return " --" + FlagProfile + " " + s.Config.Profile
}

// WarnIfOverridden warns if a variable overrides the value that was just written to the config file.
func (s *Session) WarnIfOverridden(variable, value string) {
	if other := s.Getenv(variable); other != "" && other != value {
		s.Print.Warn("$%s is set to %s and overrides this", variable, other)
		s.Print.Hint("%s", shellquote.Unset(variable))
	}
}

// Quietly returns the session without notes: the setup guide says the same in fewer lines.
func (s *Session) Quietly() *Session {
	quiet := *s
	quiet.Print.Quiet = true
	return &quiet
}

// Hint prints a hint for a note, unless notes are off.
func (s *Session) Hint(command string) {
	if !s.Print.Quiet {
		s.Print.Hint("%s", command)
	}
}

// ToTerminal reports whether standard output is a terminal.
func (s *Session) ToTerminal() bool {
	file, ok := s.Stdout.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Afterwards combines the errors of two steps, the second of which runs even if the first fails. If both
// fail, it prints the earlier error and returns the later one.
func (s *Session) Afterwards(earlier, later error) error {
	if earlier != nil && later != nil {
		s.Print.Fail(earlier)
	}
	if later == nil {
		return earlier
	}
	return later
}
