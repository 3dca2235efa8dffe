package main

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newProfileCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "profile",
		Usage: "keep several sets of keys apart",
		Description: `A profile is a set of keys and registry logins of its own. Storing the first key in it creates it. The first of
these names the active one; Docker's helper follows all but the flag:

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
		Usage: "show the profiles and how much is in each",
		Description: `The active profile has a star.

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

func runProfileList(s *session) error {
	counts := map[string]int{s.config.Profile: 0}
	k, err := s.quietOpener().Read()
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
	w := tabwriter.NewWriter(ui.Shown(s.stdout), 0, 0, 2, ' ', 0)
	for _, profile := range slices.Sorted(maps.Keys(counts)) {
		mark := " "
		if profile == s.config.Profile {
			mark = "*"
		}
		_, _ = fmt.Fprintf(w, "%s %s\t%s\n", mark, profile, count(counts[profile], "item"))
	}
	return w.Flush()
}

func newProfileUseCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "use",
		Usage:     "make a profile the active one from now on",
		ArgsUsage: "PROFILE",
		Description: `Writes it into the config file. RAGENV_PROFILE and --profile come first.

  # Use the keys of profile work from now on
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

func runProfileUse(s *session, c *cli.Context, profile string) error {
	if err := profileName(c, profile); err != nil {
		return err
	}
	if err := s.config.Pin(config.KeyProfile, profile); err != nil {
		return err
	}
	s.print.Note("the active profile is %s from now on (%s)", profile, s.config.Paths.ConfigFile)
	if profile != config.DefaultProfile && !s.hasKeys(profile) {
		s.print.Warn("profile %s has no keys", profile)
		s.print.Hint("ragenv profile list, or ragenv set --profile %s %s", profile, secrets.NGCAPIKey)
	}
	if other := s.getenv(config.EnvProfile); other != "" && other != profile {
		s.print.Warn("$%s says %s and still comes first", config.EnvProfile, other)
		s.print.Hint("%s", shellquote.Unset(config.EnvProfile))
	}
	return nil
}

// hasKeys reports whether a profile has an item. It is true where that cannot be known.
func (s *session) hasKeys(profile string) bool {
	k, err := s.opener().Read()
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
		Usage:     "copy every item of a profile into another",
		ArgsUsage: "FROM TO",
		Description: `What the other profile has already stays, unless --force is given.

  # Begin profile work with the keys of the default one
  ragenv profile copy default work`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "replace what the other profile has"}},
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

func runProfileCopy(s *session, from, to string, forced bool) error {
	k, refs, err := s.profileRefs(from)
	if err != nil {
		return err
	}
	var items []keychain.Item
	err = s.unlocked(k, func() (err error) {
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
			s.print.Warn("%s is in profile %s already and stays (--force replaces it)", item.Name, to)
			continue
		}
		if has {
			if err := s.keepReplaced(k, item); err != nil {
				return err
			}
		}
		err = k.Set(item)
		var refused *keychain.RefusedError
		switch {
		case errors.As(err, &refused): // the others are copied
			failed = s.afterwards(failed, err)
		case err != nil:
			return err
		default:
			copied++
		}
	}
	s.print.Note("%s copied from profile %s to profile %s", count(copied, "item"), from, to)
	return failed
}

func newProfileRmCommand(p *program) *cli.Command {
	var forced bool
	return &cli.Command{
		Name:      "rm",
		Usage:     "remove a profile with all that is in it",
		ArgsUsage: "PROFILE",
		Description: `Asks first, and refuses to remove a key that cannot be regenerated, unless --force is given.

  # Remove the keys and logins of profile work
  ragenv profile rm work`,
		Flags: []cli.Flag{&cli.BoolFlag{Name: "force", Destination: &forced, Usage: "do not ask, and remove also keys that cannot be regenerated"}},
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

func runProfileRm(s *session, profile string, forced bool) error {
	k, refs, err := s.profileRefs(profile)
	if err != nil {
		return err
	}
	if !forced {
		for _, ref := range refs {
			if known, _ := secrets.Lookup(ref.Name); ref.Kind == keychain.KindEnv && known.Irreplaceable {
				return irreplaceable(ref.Name, "ragenv profile rm "+profile+" --force")
			}
		}
		if err := s.confirmRemoval(profile, len(refs)); err != nil {
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
	s.print.Note("removed profile %s with %s", profile, count(len(refs), "item"))
	if profile == s.config.Profile && profile != config.DefaultProfile {
		s.print.Warn("it is still the active profile")
		s.print.Hint("ragenv profile use %s", config.DefaultProfile)
	}
	return nil
}

func (s *session) confirmRemoval(profile string, items int) error {
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf("ragenv profile rm "+profile+" --force", "%w, and removing a profile removes %s", err, count(items, "item"))
	}
	defer terminal.Close()
	yes, err := terminal.Confirm(fmt.Sprintf("Remove profile %s with %s?", profile, count(items, "item")), false)
	if err != nil {
		return err
	}
	if !yes {
		return ui.Errorf("", "nothing was removed")
	}
	return nil
}

// profileRefs returns what a profile holds; an error if that is nothing.
func (s *session) profileRefs(profile string) (*keychain.Keychain, []keychain.Ref, error) {
	k, err := s.opener().Read()
	if err != nil {
		return nil, nil, err
	}
	if sourced := s.config.Sourced(profile); len(sourced) > 0 {
		s.print.Note("%s of profile %s %s from commands: see ragenv source list", count(len(sourced), "key"), profile, map[bool]string{true: "comes", false: "come"}[len(sourced) == 1])
	}
	k = k.Stored()
	refs, err := k.List(profile)
	if err == nil && len(refs) == 0 {
		err = ui.Errorf("ragenv profile list", "nothing is stored in profile %s", profile)
	}
	return k, refs, err
}
