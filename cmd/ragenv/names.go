package main

import (
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/validate"
)

// looksSecret tells whether a word of the command line is a key rather than a name: then it is never repeated.
func looksSecret(word string) bool {
	for part := range strings.FieldsFuncSeq(word, func(r rune) bool { return strings.ContainsRune(" =:\"'\t\n", r) }) {
		if validate.Identify(part) != validate.Unknown {
			return true
		}
	}
	return false
}

// valueInArguments is the error for a key on the command line.
func valueInArguments(command string) error {
	return ui.Usagef(command+" (it asks for the value; to pipe it: "+command+" < FILE)",
		"a key on the command line shows in the process list and in the shell's history, so it is not taken")
}

// envName checks the name of a variable as a command's argument.
func envName(c *cli.Context, name string) error {
	before, _, isAssignment := strings.Cut(name, "=")
	switch {
	case isAssignment && secrets.ValidName(before) && !looksSecret(before):
		return valueInArguments("ragenv set " + before)
	case looksSecret(name):
		return ui.Usagef(helpHint(c), "that is a key, and not the name of one")
	}
	if err := secrets.CheckName(name); err != nil {
		return ui.Usagef(helpHint(c), "%w", err)
	}
	return nil
}

// storedRef finds what an argument of get or rm names: a variable, or a registry.
func (s *session) storedRef(c *cli.Context, name string) (keychain.Ref, error) {
	if secrets.ValidName(name) || looksSecret(name) || strings.Contains(name, "=") {
		return s.envRef(name), envName(c, name)
	}
	server, err := serverurl.Canonical(name)
	if err != nil {
		return keychain.Ref{}, ui.Usagef("ragenv list", "%w", err)
	}
	return keychain.Ref{Profile: s.config.Profile, Kind: keychain.KindRegistry, Name: server}, nil
}

// notStored is the error for a name under which nothing is kept.
func (s *session) notStored(ref keychain.Ref) error {
	if ref.Kind == keychain.KindRegistry {
		hint := "docker login " + ref.Name
		if known, ok := secrets.ForRegistry(ref.Name); ok {
			hint = "ragenv get" + s.forProfile() + " " + known.Name
		}
		return s.withoutKeys(hint, "no login is stored for %s%s", ref.Name, s.inProfile())
	}
	for _, known := range secrets.All() {
		for _, alias := range known.Aliases {
			if alias == ref.Name {
				return ui.Errorf("ragenv get"+s.forProfile()+" "+known.Name,
					"no key is stored as %s%s: it follows %s", ref.Name, s.inProfile(), known.Name)
			}
		}
	}
	return s.withoutKeys("ragenv set"+s.forProfile()+" "+ref.Name, "no key is stored as %s%s", ref.Name, s.inProfile())
}
