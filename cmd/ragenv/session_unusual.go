package main

import (
	"errors"
	"strings"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// unusual returns the variables among items that are neither known nor called as secrets are. Each of them would be a
// variable of every command from then on, over the shell's own value: nobody should store one without having seen it.
func (s *session) unusual(items []keychain.Item) []string {
	var names []string
	for _, item := range items {
		_, isAlias := s.config.Aliases[item.Name]
		if item.Kind == keychain.KindEnv && !isAlias && !secrets.LooksSecret(item.Name) && secrets.CheckName(item.Name) == nil {
			names = append(names, item.Name)
		}
	}
	return names
}

// confirmUnusual reports whether unusual names are to be stored. Where nobody can be asked the answer is no, and a warning says so.
func (s *session) confirmUnusual(names []string, from, hint string) (bool, error) {
	list := strings.Join(names, ", ")
	terminal, err := ui.OpenTerminal()
	if errors.Is(err, ui.ErrNoTerminal) {
		s.print.Warn("%s: not stored, as the name is not a secret's: %s", ui.Printable(from), list)
		s.print.Hint("%s", hint)
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer terminal.Close()
	return terminal.Confirm(ui.Printable(list)+": not the name of a secret. Give it to every command?", false)
}
