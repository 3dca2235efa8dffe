package session

import (
	"errors"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// Trimmed returns a value without the white space around it, and says that there was some.
func (s *Session) Trimmed(name, value string) string {
	key := validate.Trim(secrets.KindOf(name), value)
	if key != value && key != "" {
		s.Print.Note("%s: white space around the key was removed", name)
	}
	return key
}

// CheckValue tells the user what is odd about a value, and refuses what must not be stored.
func (s *Session) CheckValue(name, value string, forced bool) error {
	return s.CheckValueOr(name, value, forced, "ragenv set "+name+" --force")
}

// CheckValueOr is checkValue for another command than set: insist is what stores an unusual value anyway.
func (s *Session) CheckValueOr(name, value string, forced bool, insist string) error {
	for _, finding := range validate.Check(secrets.KindOf(name), value) {
		switch {
		case finding.Severity == validate.Refuse:
			return ui.Errorf(finding.Hint, "%s: %s", name, finding.Message)
		case finding.Severity == validate.Unusual && !forced:
			return ui.Errorf(finding.Hint+"; if it is right: "+insist, "%s: %s", name, finding.Message)
		default:
			s.Print.Warn("%s: %s", name, finding.Message)
			if finding.Hint != "" {
				s.Print.Hint("%s", finding.Hint)
			}
		}
	}
	return nil
}

// Unusual returns the variables among items that are neither known nor called as secrets are. Each of them would be a
// variable of every command from then on, over the shell's own value: nobody should store one without having seen it.
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

// ConfirmUnusual reports whether unusual names are to be stored. Where nobody can be asked the answer is no, and a warning says so.
func (s *Session) ConfirmUnusual(names []string, from, hint string) (bool, error) {
	list := strings.Join(names, ", ")
	terminal, err := ui.OpenTerminal()
	if errors.Is(err, ui.ErrNoTerminal) {
		s.Print.Warn("%s: not stored, as the name is not a secret's: %s", ui.Printable(from), list)
		s.Print.Hint("%s", hint)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer terminal.Close()
	return terminal.Confirm(ui.Printable(list)+": not the name of a secret. Give it to every command?", false)
}
