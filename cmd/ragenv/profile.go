package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newProfileCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "profile",
		Usage: "manage separate sets of keys",
		Description: `A profile has its own keys and registry logins. Storing the first key in a profile creates it. The first of these names
the active profile; Docker's helper follows all but the flag:

  1  --profile NAME
  2  RAGENV_PROFILE
  3  the config file, written by ragenv profile use
  4  "default"

  # Store a second NGC key, and use it once
  ragenv set NGC_API_KEY --profile work
  ragenv --profile work -- docker compose up`,
		Subcommands: []*cli.Command{
			newProfileListCommand(p), newProfileUseCommand(p), newProfileCopyCommand(p), newProfileRmCommand(p),
		},
	}
}

func newProfileListCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "list",
		Usage: "list the profiles and what they hold",
		Description: `The active profile is marked with a star.

  # Show every profile
  ragenv profile list`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runProfileList(s)
		},
	}
}

func runProfileList(s *session.Session) error {
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

func newProfileUseCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "use",
		Usage:     "switch to a profile",
		ArgsUsage: "PROFILE",
		Description: `Writes the profile to the config file. RAGENV_PROFILE and --profile still come first.

  # Switch to the profile work
  ragenv profile use work`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv profile list", "ragenv profile use takes the name of one profile")
			}
			return runProfileUse(s, c, c.Args().First())
		},
	}
}

func runProfileUse(s *session.Session, c *cli.Context, profile string) error {
	if err := profileName(c, profile); err != nil {
		return err
	}
	if err := s.Config.Pin(config.KeyProfile, profile); err != nil {
		return err
	}
	s.Print.Note("the active profile is now %s (%s)", profile, s.Config.Paths.ConfigFile)
	if profile != config.DefaultProfile && !hasKeys(s, profile) {
		s.Print.Warn("profile %s has no keys", profile)
		s.Print.Hint("ragenv profile list, or ragenv set --profile %s %s", profile, secrets.NGCAPIKey)
	}
	if other := s.Getenv(config.EnvProfile); other != "" && other != profile {
		s.Print.Warn("$%s is set to %s and overrides this", config.EnvProfile, other)
		s.Print.Hint("%s", shellquote.Unset(config.EnvProfile))
	}
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

func newProfileCopyCommand(p *program) *cli.Command {
	var forced bool
	return &cli.Command{
		Name:      "copy",
		Usage:     "copy all keys and logins to another profile",
		ArgsUsage: "FROM TO",
		Description: `Existing items of the other profile are kept, unless --force is given.

  # Start the profile work with the default profile's keys
  ragenv profile copy default work`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "replace existing items"}},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 2 || c.Args().Get(0) == c.Args().Get(1) {
				return ui.Usagef("ragenv profile list", "ragenv profile copy takes the names of two profiles, FROM and TO")
			}
			for _, profile := range c.Args().Slice() {
				if err := profileName(c, profile); err != nil {
					return err
				}
			}
			return runProfileCopy(s, c.Args().Get(0), c.Args().Get(1), forced)
		},
	}
}

func runProfileCopy(s *session.Session, from, to string, forced bool) error {
	k, refs, err := profileRefs(s, from)
	if err != nil {
		return err
	}
	var items []keychain.Item
	err = s.Unlocked(k, func() (err error) {
		items, err = k.GetAll(refs)
		return err
	})
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

func newProfileRmCommand(p *program) *cli.Command {
	var forced bool
	return &cli.Command{
		Name:      "rm",
		Usage:     "remove a profile and everything in it",
		ArgsUsage: "PROFILE",
		Description: `Asks for confirmation, and refuses to remove a key that cannot be regenerated, unless --force is given.

  # Remove the keys and logins of profile work
  ragenv profile rm work`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "do not ask, and also remove keys that cannot be regenerated"}},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv profile list", "ragenv profile rm takes the name of one profile")
			}
			if err := profileName(c, c.Args().First()); err != nil {
				return err
			}
			return runProfileRm(s, c.Args().First(), forced)
		},
	}
}

func runProfileRm(s *session.Session, profile string, forced bool) error {
	k, refs, err := profileRefs(s, profile)
	if err != nil {
		return err
	}
	if !forced {
		for _, ref := range refs {
			if known, _ := secrets.Lookup(ref.Name); ref.Kind == keychain.KindEnv && known.Irreplaceable {
				return session.Irreplaceable(ref.Name, "ragenv profile rm "+profile+" --force")
			}
		}
		if err := confirmRemoval(s, profile, len(refs)); err != nil {
			return err
		}
	}
	all, err := k.ListAll(profile)
	if err != nil {
		return err
	}
	for _, ref := range all {
		if err := k.Remove(ref); err != nil && !errors.Is(err, keychain.ErrNotFound) {
			return err
		}
	}
	s.Print.Note("removed profile %s with %s", profile, ui.Count(len(refs), "item"))
	if profile == s.Config.Profile && profile != config.DefaultProfile {
		s.Print.Warn("it is still the active profile")
		s.Print.Hint("ragenv profile use %s", config.DefaultProfile)
	}
	return nil
}

func confirmRemoval(s *session.Session, profile string, items int) error {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf("ragenv profile rm "+profile+" --force", "%w, and removing a profile removes %s", err, ui.Count(items, "item"))
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

// profileRefs returns the items of a profile. It fails if there are none.
func profileRefs(s *session.Session, profile string) (*keychain.Keychain, []keychain.Ref, error) {
	k, err := s.Opener().Read()
	if err != nil {
		return nil, nil, err
	}
	if sourced := s.Config.Sourced(profile); len(sourced) > 0 {
		s.Print.Note("%s of profile %s %s from commands: see ragenv source list", ui.Count(len(sourced), "key"), profile, map[bool]string{true: "comes", false: "come"}[len(sourced) == 1])
	}
	k = k.Stored()
	refs, err := k.List(profile)
	if err == nil && len(refs) == 0 {
		err = ui.Errorf("ragenv profile list", "nothing is stored in profile %s", profile)
	}
	return k, refs, err
}

// profileName validates a profile name given as an argument.
func profileName(c *cli.Context, profile string) error {
	if secrets.LooksLikeKey(profile) {
		return ui.Usagef(commandline.HelpHint(c), "%w: a key cannot be a profile", keychain.ErrInvalidName)
	}
	if err := keychain.ValidateProfile(profile); err != nil {
		return ui.Usagef(commandline.HelpHint(c), "%w", err)
	}
	return nil
}
