// Package session is what the commands of ragenv share: the configuration and streams that a command works with, and what
// several of them do with a keychain: unlock it, store in it, and say what is missing.
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

// Session is a command at work: the program with its configuration in effect.
type Session struct {
	Config *config.Config
	Print  ui.Printer

	Stdin          *os.File
	Stdout, Stderr io.Writer
	Getenv         func(string) string
	Now            func() time.Time

	Services *services.Services

	Again func() error // runs the program again in this process's place; it returns an error or not at all
}

// FlagProfile is the name of the flag for another profile.
const FlagProfile = "profile"

// ExplainConfig adds to an error of the configuration what can be done about it.
func ExplainConfig(err error) error {
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

// Opener opens keychains for this command. It asks for a new store's passphrase, but never for a locked store's: see
// unlocked.
func (s *Session) Opener() opener.Opener {
	return opener.Opener{Config: s.Config, Getenv: s.Getenv, AskNew: s.AskNewPassphrase, Print: s.Print}
}

// QuietOpener opens keychains that ask nobody anything.
func (s *Session) QuietOpener() opener.Opener {
	return opener.Opener{Config: s.Config, Getenv: s.Getenv, Print: s.Print}
}

// EnvRef is the item of an environment variable in the active profile.
func (s *Session) EnvRef(name string) keychain.Ref {
	return keychain.Ref{Profile: s.Config.Profile, Kind: keychain.KindEnv, Name: name}
}

// InProfile is a phrase that names the active profile where it is not the default one.
func (s *Session) InProfile() string {
	if s.Config.Profile == config.DefaultProfile {
		return ""
	}
	return " in profile " + s.Config.Profile
}

// ForProfile is the flag that a command in a hint needs to reach the active profile, with a leading space.
func (s *Session) ForProfile() string {
	if s.Config.OriginOf(config.KeyProfile) != config.OriginFlag {
		return ""
	}
	return " --" + FlagProfile + " " + s.Config.Profile
}

// Quietly is the session without notes: the guide says the same in fewer lines.
func (s *Session) Quietly() *Session {
	quiet := *s
	quiet.Print.Quiet = true
	return &quiet
}

// Hint prints what can be done about a note, and is quiet with it.
func (s *Session) Hint(command string) {
	if !s.Print.Quiet {
		s.Print.Hint("%s", command)
	}
}

// ToTerminal reports whether what is printed can be seen.
func (s *Session) ToTerminal() bool {
	file, ok := s.Stdout.(*os.File)
	return ok && term.IsTerminal(int(file.Fd()))
}

// Afterwards joins the failures of work that goes on after one: it prints the earlier one, and returns the later.
func (s *Session) Afterwards(earlier, later error) error {
	if earlier != nil && later != nil {
		s.Print.Fail(earlier)
	}
	if later == nil {
		return earlier
	}
	return later
}
