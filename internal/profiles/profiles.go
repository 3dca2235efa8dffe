// Package profiles lists, selects, copies and removes profiles.
package profiles

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

// List shows the profiles and how many items each has. The active one is marked with a star.
func List(s *session.Session) error {
	counts := map[string]int{s.Config.Profile: 0}
	k, err := s.QuietOpener().Read()
	if err == nil {
		var refs []keychain.Ref
		refs, err = k.List("")
		for _, ref := range refs {
			if ref.Kind != keychain.KindPrevious {
				counts[ref.Profile]++
			}
		}
	}
	if err != nil && !errors.Is(err, keychain.ErrNoStore) {
		return err
	}
	var rows [][]string
	for _, profile := range slices.Sorted(maps.Keys(counts)) {
		mark := " "
		if profile == s.Config.Profile {
			mark = "*"
		}
		rows = append(rows, []string{mark + " " + profile, ui.Count(counts[profile], "item")})
	}
	style := ui.StyleFor(s.Stdout, s.Getenv)
	style.Fit(rows)
	return style.Table(s.Stdout, rows)
}

// Use writes the active profile to the config file.
func Use(s *session.Session, profile string) error {
	if err := s.Config.Pin(config.KeyProfile, profile); err != nil {
		return err
	}
	s.Print.Note("the active profile is now %s (%s)", profile, s.Config.Paths.ConfigFile)
	if profile != config.DefaultProfile && !hasKeys(s, profile) {
		s.Print.Warn("profile %s has no keys", profile)
		hint := fmt.Sprintf("ragenv set --profile %s %s", profile, secrets.NGCAPIKey)
		if near := s.NearestProfile(profile); near != "" {
			hint = "ragenv profile use " + near
		}
		s.Print.Hint("%s", hint)
	}
	s.WarnIfOverridden(config.EnvProfile, profile)
	return nil
}

// hasKeys reports whether a profile has an item. It returns true if that is unknown.
func hasKeys(s *session.Session, profile string) bool {
	k, err := s.Opener().Read()
	if err != nil {
		return !errors.Is(err, keychain.ErrNoStore)
	}
	refs, err := k.List(profile)
	return err != nil || len(refs) > 0
}

// Copy copies all items of a profile to another. It keeps what is there, unless forced.
func Copy(s *session.Session, from, to string, forced bool) error {
	k, refs, err := stored(s, from)
	if err != nil {
		return err
	}
	if _, err := s.GetAll(k, refs); err != nil { // asks for the passphrase before others have to wait
		return err
	}
	return s.Opener().Changing(k, func() error { return copyItems(s, k, from, to, forced) })
}

func copyItems(s *session.Session, k *keychain.Keychain, from, to string, forced bool) error {
	refs, err := list(s, k, from) // they may be others than before the lock
	if err != nil {
		return err
	}
	items, err := k.GetAll(refs)
	if err != nil {
		return err
	}
	copied := 0
	var failed error
	for _, item := range items {
		if item.Kind == keychain.KindPrevious {
			continue
		}
		item.Profile = to
		has, err := k.Has(item.Ref)
		if err != nil {
			return err
		}
		if has && !forced {
			s.Print.Warn("%s is already in profile %s and was kept (--force replaces it)", item.Name, to)
			continue
		}
		if has {
			if err := s.KeepReplaced(k, item); err != nil {
				return err
			}
		}
		err = k.Set(item)
		var refused *keychain.RefusedError
		switch {
		case errors.As(err, &refused): // copy the others
			failed = s.Afterwards(failed, err)
		case err != nil:
			return err
		default:
			copied++
		}
	}
	s.Print.Note("%s copied from profile %s to profile %s", ui.Count(copied, "item"), from, to)
	return failed
}

// Remove removes a profile with everything in it. Unless forced, it asks, and keeps a profile with a key that
// cannot be regenerated.
func Remove(s *session.Session, profile string, yes, forced bool) error {
	k, refs, err := stored(s, profile)
	if err != nil {
		return err
	}
	if err := removable(s, refs, profile, forced); err != nil {
		return err
	}
	if !yes && !forced {
		if err := confirmRemoval(s, profile, len(refs)); err != nil {
			return err
		}
	}
	err = s.Opener().Changing(k, func() error {
		refs, err = removeItems(s, k, profile, forced)
		return err
	})
	if err != nil {
		return err
	}
	s.Print.Note("removed profile %s with %s", profile, ui.Count(len(refs), "item"))
	if profile == s.Config.Profile && profile != config.DefaultProfile {
		s.Print.Warn("it is still the active profile")
		s.Print.Hint("ragenv profile use %s", config.DefaultProfile)
	}
	return nil
}

// removeItems removes a profile, and returns its items. They may be others than before the lock.
func removeItems(s *session.Session, k *keychain.Keychain, profile string, forced bool) ([]keychain.Ref, error) {
	refs, err := list(s, k, profile)
	if err != nil {
		return nil, err
	}
	if err := removable(s, refs, profile, forced); err != nil {
		return nil, err
	}
	all, err := k.ListAll(profile)
	if err != nil {
		return nil, err
	}
	for _, ref := range all {
		if err := k.Remove(ref); err != nil && !errors.Is(err, keychain.ErrNotFound) {
			return nil, err
		}
	}
	return refs, nil
}

// removable returns an error if one of the keys of a profile cannot be regenerated, unless forced.
func removable(s *session.Session, refs []keychain.Ref, profile string, forced bool) error {
	for _, ref := range refs {
		if known, _ := secrets.Lookup(ref.Name); ref.Kind == keychain.KindEnv && known.Irreplaceable && !forced {
			return s.Irreplaceable(ref, "ragenv profile rm "+profile+" --force")
		}
	}
	return nil
}

func confirmRemoval(s *session.Session, profile string, items int) error {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf("ragenv profile rm "+profile+" --yes", "%w, and removing a profile removes %s", err, ui.Count(items, "item"))
	}
	defer terminal.Close()
	yes, err := terminal.Confirm(fmt.Sprintf("Remove profile %s with %s?", profile, ui.Count(items, "item")), false)
	if err != nil {
		return err
	}
	if !yes {
		return ui.Errorf("", "nothing was removed")
	}
	return nil
}

// stored returns the items of a profile. It fails if there are none.
func stored(s *session.Session, profile string) (*keychain.Keychain, []keychain.Ref, error) {
	k, err := s.Opener().Read()
	if err != nil {
		return nil, nil, err
	}
	if sourced := s.Config.Sourced(profile); len(sourced) > 0 {
		s.Print.Note("%s of profile %s %s from commands: see ragenv source list", ui.Count(len(sourced), "key"), profile, map[bool]string{true: "comes", false: "come"}[len(sourced) == 1])
	}
	k = k.Stored()
	refs, err := list(s, k, profile)
	return k, refs, err
}

// list returns the items of a profile. It fails if there are none.
func list(s *session.Session, k *keychain.Keychain, profile string) ([]keychain.Ref, error) {
	refs, err := k.List(profile)
	if err == nil && len(refs) == 0 {
		err = ui.Errorf("ragenv profile list", "nothing is stored in profile %s%s", profile, didYouMean(s, profile))
	}
	return refs, err
}

// didYouMean returns the end of an error about an empty profile whose name is similar to another's, or "".
func didYouMean(s *session.Session, profile string) string {
	if near := s.NearestProfile(profile); near != "" {
		return ": did you mean " + near + "?"
	}
	return ""
}
