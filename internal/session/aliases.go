package session

import (
	"slices"

	"github.com/ragenv/ragenv/internal/secrets"
)

// Aliases returns the variables that follow others, from the table and the config file.
func (s *Session) Aliases() map[string][]string {
	aliases := map[string][]string{}
	for _, known := range secrets.All() {
		if len(known.Aliases) > 0 {
			aliases[known.Name] = slices.Clone(known.Aliases)
		}
	}
	for alias, name := range s.Config.Aliases {
		if secrets.CheckName(alias) != nil {
			s.Print.Warn("%s: the alias %q is no name for a key, and is not used", s.Config.Paths.ConfigFile, alias)
			continue
		}
		aliases[name] = append(aliases[name], alias)
	}
	return aliases
}
