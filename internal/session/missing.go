package session

import (
	"slices"
	"strings"

	"github.com/ragenv/ragenv/internal/nearest"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/sudo"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// WithoutKeys returns the error for a command that lacks keys. Under sudo, they are often in another user's
// keychain, and in an empty profile, the profile's name is often a typo.
func (s *Session) WithoutKeys(hint, format string, args ...any) error {
	err := ui.Errorf(hint, format, args...)
	if near := s.NearestProfile(s.Config.Profile); near != "" {
		return ui.Errorf("ragenv profile list", "%w: did you mean profile %s?", err, near)
	}
	if caller, ok := sudo.KeysElsewhere(s.Getenv, s.Config.Paths); ok {
		return ui.Errorf(SudoHint(caller), "%w; %s", err, caller.Sentence(s.Config.Paths))
	}
	return err
}

// SudoHint returns the hint for keys that belong to the caller and not to root.
func SudoHint(caller sudo.Caller) string { return "run ragenv as " + caller.Name + ", without sudo" }

// NearestProfile returns the profile with the most similar name if the profile has nothing in it, or "".
func (s *Session) NearestProfile(profile string) string {
	k, err := s.QuietOpener().Read()
	if err != nil {
		return ""
	}
	refs, err := k.ListAll("")
	if err != nil {
		return ""
	}
	var profiles []string
	for _, ref := range refs {
		profiles = append(profiles, ref.Profile)
	}
	if slices.Contains(profiles, profile) {
		return ""
	}
	return nearest.Word(profiles, profile)
}

// NotStored returns the error for a name that has no stored value. Its hint is the command, such as
// "get NAME --reveal", with the stored name that was most likely meant.
func (s *Session) NotStored(ref keychain.Ref, command string) error {
	if ref.Kind == keychain.KindRegistry {
		hint := "docker login " + shellquote.Word(ref.Name)
		if known, ok := secrets.ForRegistry(ref.Name); ok {
			hint = "ragenv get " + known.Name
		}
		return s.WithoutKeys(hint, "no login is stored for %s%s", ref.Name, s.InProfile())
	}
	for _, known := range secrets.All() {
		for _, alias := range known.Aliases {
			if alias == ref.Name {
				return ui.Errorf(corrected(command, known.Name),
					"no key is stored as %s%s: it follows %s", ref.Name, s.InProfile(), known.Name)
			}
		}
	}
	if near := s.NearestName(ref); near != "" {
		return s.WithoutKeys(corrected(command, near), "no key is stored as %s%s: did you mean %s?", ref.Name, s.InProfile(), near)
	}
	return s.WithoutKeys("ragenv set "+ref.Name, "no key is stored as %s%s", ref.Name, s.InProfile())
}

// corrected puts a name into a command such as "get NAME --reveal".
func corrected(command, name string) string {
	return "ragenv " + strings.ReplaceAll(command, "NAME", name)
}

// Absent returns the error, described by text, for those of names that have no value. Its hint is the
// command, such as "run --only NAME -- COMMAND", with the names that were most likely meant, or the one that
// stores the first.
func (s *Session) Absent(text string, names, absent []string, command string) error {
	known := s.storedNames(s.Config.Profile)
	for name, aliases := range s.Aliases() {
		if slices.Contains(known, name) {
			known = append(known, aliases...)
		}
	}
	known = slices.DeleteFunc(known, func(name string) bool { return slices.Contains(names, name) })
	var meant []string
	names = slices.Clone(names)
	for i, name := range names {
		if !slices.Contains(absent, name) {
			continue
		}
		if near := nearest.Word(known, name); near != "" {
			names[i], meant = near, append(meant, near)
		}
	}
	if len(meant) == 0 {
		return s.WithoutKeys("ragenv set "+absent[0], "%s%s", text, s.InProfile())
	}
	return s.WithoutKeys(corrected(command, strings.Join(names, ",")), "%s%s: did you mean %s?", text, s.InProfile(), strings.Join(meant, ", "))
}

// NearestName returns the stored name that is most similar to the name in ref, "" if none is similar or
// they cannot be listed.
func (s *Session) NearestName(ref keychain.Ref) string {
	return nearest.Word(s.storedNames(ref.Profile), ref.Name)
}

// storedNames returns the variables of a profile, or none if they cannot be listed.
func (s *Session) storedNames(profile string) []string {
	k, err := s.Opener().Read()
	if err != nil {
		return nil
	}
	refs, err := k.List(profile)
	if err != nil {
		return nil
	}
	var names []string
	for _, stored := range refs {
		if stored.Kind == keychain.KindEnv {
			names = append(names, stored.Name)
		}
	}
	return names
}
