package main

import (
	"os"
	"strings"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/serverurl"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// valueInArguments is the error for a key on the command line: refused, but not unseen.
func valueInArguments(command string) error {
	return ui.Usagef(forgetLine(os.Getenv)+"; replace the key at its service, then: "+command+" (it asks for the value)",
		"a key on the command line is refused, and is in the shell's history now")
}

// envName checks the name of a variable as a command's argument.
func envName(c *cli.Context, name string) error {
	before, _, isAssignment := strings.Cut(name, "=")
	switch {
	case isAssignment && secrets.ValidName(before) && !secrets.LooksLikeKey(before):
		return valueInArguments("ragenv set " + before)
	case secrets.LooksLikeKey(name):
		return ui.Usagef(commandline.HelpHint(c), "that is a key, and not the name of one")
	}
	if err := secrets.CheckName(name); err != nil {
		return ui.Usagef(commandline.HelpHint(c), "%w", err)
	}
	return nil
}

// storedRef finds what an argument of get or rm names: a variable, or a registry.
func (s *session) storedRef(c *cli.Context, name string) (keychain.Ref, error) {
	if secrets.ValidName(name) || secrets.LooksLikeKey(name) || strings.Contains(name, "=") {
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
		hint := "docker login " + shellquote.Word(ref.Name)
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
	if near := s.nearestName(ref); near != "" {
		return s.withoutKeys("ragenv list"+s.forProfile(), "no key is stored as %s%s: did you mean %s?", ref.Name, s.inProfile(), near)
	}
	return s.withoutKeys("ragenv set"+s.forProfile()+" "+ref.Name, "no key is stored as %s%s", ref.Name, s.inProfile())
}

// nearestName returns the stored name that a name was most likely meant to be; "" if none is near, or they cannot be listed.
func (s *session) nearestName(ref keychain.Ref) string {
	k, err := s.opener().Read()
	if err != nil {
		return ""
	}
	refs, err := k.List(ref.Profile)
	if err != nil {
		return ""
	}
	var names []string
	for _, stored := range refs {
		if stored.Kind == keychain.KindEnv {
			names = append(names, stored.Name)
		}
	}
	return commandline.Nearest(names, ref.Name)
}

// parseOnly reads the value of --only: names with commas between them; nil is no limit.
func parseOnly(c *cli.Context, text string) ([]string, error) {
	if !c.IsSet("only") {
		return nil, nil
	}
	names := []string{}
	for name := range strings.SplitSeq(text, ",") {
		name = strings.TrimSpace(name)
		if err := envName(c, name); err != nil {
			return nil, err
		}
		names = append(names, name)
	}
	return names, nil
}

// profileName checks the name of a profile as a command's argument.
func profileName(c *cli.Context, profile string) error {
	if secrets.LooksLikeKey(profile) {
		return ui.Usagef(commandline.HelpHint(c), "%w: a key is no profile", keychain.ErrInvalidName)
	}
	if err := keychain.ValidateProfile(profile); err != nil {
		return ui.Usagef(commandline.HelpHint(c), "%w", err)
	}
	return nil
}
