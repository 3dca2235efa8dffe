package session

import (
	"fmt"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/source"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/system"
)

// RemoveSource removes the command that supplies a key from the configuration, and says so.
func (s *Session) RemoveSource(ref keychain.Ref) error {
	if _, ok := s.Config.Source(ref); !ok {
		return ui.Errorf("ragenv source list", "no command gives %s%s", ui.Printable(ref.Name), s.InProfile())
	}
	if err := s.Commands().Forget(); err != nil {
		return err
	}
	if err := s.Config.RemoveSource(ref); err != nil {
		return ExplainConfig(err)
	}
	s.Print.Note("%s%s no longer comes from a command", ref.Name, s.InProfile())
	return nil
}

// Commands returns the commands of the config file.
func (s *Session) Commands() *source.Commands {
	return &source.Commands{Config: s.Config, Environ: system.Environ(), Limit: source.Limit}
}

// UntilAsked says when a changed key takes effect.
func UntilAsked(from config.Source) string {
	if from.Cache == "" {
		return "at once"
	}
	return "within " + from.Cache + " (ragenv lock: at once)"
}

// mayReplaceSource asks before a stored key replaces a command.
func (s *Session) mayReplaceSource(ref keychain.Ref, forced bool) error {
	from, _ := s.Config.Source(ref)
	if forced {
		return nil
	}
	program := ui.Printable(from.Command[0])
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf("to store one in its place: ragenv set "+ref.Name+" --force", "%s comes from a command (%s)", ref.Name, program)
	}
	defer terminal.Close()
	yes, err := terminal.Confirm(fmt.Sprintf("%s comes from a command (%s). Store a key in its place?", ref.Name, program), false)
	if err == nil && !yes {
		err = ui.Errorf("", "nothing was changed")
	}
	return err
}
