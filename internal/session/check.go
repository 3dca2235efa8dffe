package session

import (
	"errors"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// Trimmed returns value without white space around it, and says so if there was some.
func (s *Session) Trimmed(name, value string) string {
	key := validate.Trim(secrets.KindOf(name), value)
	if key != value && key != "" {
		s.Print.Note("%s: white space around the key was removed", name)
	}
	return key
}

// CheckValue says what is unusual about a value, and refuses one that must not be stored.
func (s *Session) CheckValue(name, value string, forced bool) error {
	return s.CheckValueOr(name, value, forced, "ragenv set "+name+" --force")
}

// CheckValueOr is CheckValue for commands other than set. insist is the command that stores an unusual
// value anyway.
func (s *Session) CheckValueOr(name, value string, forced bool, insist string) error {
	for _, finding := range validate.Check(secrets.KindOf(name), value) {
		switch {
		case finding.Severity == validate.Refuse:
			return ui.Errorf(finding.Hint, "%s: %s", name, finding.Message)
		case finding.Severity == validate.Unusual && !forced:
			hint := finding.Hint
			if finding.Code == validate.CodeUnknownIndexKey {
				hint += ": ragenv set " + name + " --generate"
			}
			return ui.Errorf(hint+"; if it is right: "+insist, "%s: %s", name, finding.Message)
		default:
			s.Print.Warn("%s: %s", name, finding.Message)
			if finding.Hint != "" {
				s.Print.Hint("%s", finding.Hint)
			}
		}
	}
	return nil
}

// Unusual returns the variables among items that are unknown and whose names do not look like a secret's.
// Each would be set for every command and win over the shell's own value, so none should be stored unseen.
func (s *Session) Unusual(items []keychain.Item) []string {
	var names []string
	for _, item := range items {
		_, isAlias := s.Config.Aliases[item.Name]
		if item.Kind == keychain.KindEnv && !isAlias && !secrets.LooksSecret(item.Name) && secrets.CheckName(item.Name) == nil {
			names = append(names, item.Name)
		}
	}
	return names
}

// ConfirmUnusual asks whether to store variables with unusual names. Without a terminal the answer is no,
// with a warning.
func (s *Session) ConfirmUnusual(names []string, from, hint string) (bool, error) {
	list := strings.Join(names, ", ")
	terminal, err := ui.OpenTerminal()
	if errors.Is(err, ui.ErrNoTerminal) {
		s.Print.Warn("%s: skipped names that do not look like a secret's: %s", ui.Printable(from), list)
		s.Print.Hint("%s", hint)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer terminal.Close()
	return terminal.Confirm(ui.Printable(list)+": not a secret's name. Pass it to every command?", false)
}
