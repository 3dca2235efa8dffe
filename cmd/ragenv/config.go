package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/secrets"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
)

func newConfigCommand(p *program) *cli.Command {
	var asJSON bool
	var unused, used string
	return &cli.Command{
		Name:  "config",
		Usage: "show the settings and where each comes from",
		Description: `The config file is TOML, and holds no secrets:

  backend = "file"                     where keys are kept; the first stored key writes it
  profile = "default"                  the active profile
  unlock = "15m"                       how long "ragenv unlock" lasts, at most 24h
  required = ["HF_TOKEN"]              keys that "ragenv --" requires
  unused = ["CYBORGDB_API_KEY"]        optional keys that you do not use

  [aliases]                            more variables that follow a key
  NIM_NGC_API_KEY = "NGC_API_KEY"

  [sources.default.NGC_API_KEY]        a key from a command: see ragenv source
  command = ["/usr/bin/pass", "show", "ngc"]

  [secret-service]
  collection = "login"

--json prints an array of objects with the members key, value and origin ("default", "config file", "flag", or the name of an
environment variable).

  # Show the settings in effect
  ragenv config

  # Stop asking for a CyborgDB key (ragenv set CYBORGDB_API_KEY reverses this)
  ragenv config --unused CYBORGDB_API_KEY`,
		Flags: []cli.Flag{
			&cli.StringFlag{Name: "unused", Destination: &unused, Usage: "stop asking for the key `NAME`"},
			&cli.StringFlag{Name: "used", Destination: &used, Usage: "ask for the key `NAME` again"},
			&cli.BoolFlag{Name: "json", Destination: &asJSON, Usage: "print JSON"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			switch {
			case c.IsSet("unused") && c.IsSet("used"):
				return ui.Usagef(commandline.HelpHint(c), "use only one of --unused and --used")
			case c.IsSet("unused"):
				return runConfigUnused(s, c, unused, true)
			case c.IsSet("used"):
				return runConfigUnused(s, c, used, false)
			}
			return runConfig(s, asJSON)
		},
	}
}

// runConfigUnused records whether an optional key is used.
func runConfigUnused(s *session.Session, c *cli.Context, name string, unused bool) error {
	if err := envName(c, name); err != nil {
		return err
	}
	if known, _ := secrets.Lookup(name); unused && !known.Optional {
		return ui.Usagef("ragenv config --unused "+secrets.CyborgDBAPIKey, "--unused: nothing asks for %s", name)
	}
	if err := s.Config.SetUnused(name, unused); err != nil {
		return err
	}
	if unused {
		s.Print.Note("%s is marked as not used (%s)", name, s.Config.Paths.ConfigFile)
	} else {
		s.Print.Note("%s is marked as used", name)
	}
	return nil
}

// setting is one line of the effective configuration.
type setting struct {
	Key    string `json:"key"`
	Value  string `json:"value"`
	Origin string `json:"origin"`
}

func settings(s *session.Session) []setting {
	var aliases []string
	for _, alias := range slices.Sorted(maps.Keys(s.Config.Aliases)) {
		aliases = append(aliases, alias+"="+s.Config.Aliases[alias])
	}
	collection := s.Config.Collection
	if collection == "" {
		collection = keychain.DefaultCollection
	}
	var sources []string
	for _, ref := range s.Config.Sourced("") {
		sources = append(sources, ref.Profile+"."+ref.Name)
	}
	values := []struct{ key, value string }{
		{config.KeyBackend, s.Config.Backend},
		{config.KeyProfile, s.Config.Profile},
		{config.KeyUnlock, ui.ShortDuration(s.Config.Unlock)},
		{config.KeyRequired, strings.Join(s.Config.Required, " ")},
		{config.KeyUnused, strings.Join(s.Config.Unused, " ")},
		{config.KeyAliases, strings.Join(aliases, " ")},
		{config.KeySources, strings.Join(sources, " ")},
		{config.KeyCollection, collection},
	}
	var settings []setting
	for _, v := range values {
		settings = append(settings, setting{v.key, v.value, string(s.Config.OriginOf(v.key))})
	}
	return settings
}

func runConfig(s *session.Session, asJSON bool) error {
	settings := settings(s)
	if asJSON {
		for i := range settings {
			settings[i].Value = ui.WithoutKeys(settings[i].Value)
		}
		return ui.WriteJSON(s.Stdout, settings)
	}
	w := tabwriter.NewWriter(ui.Shown(s.Stdout), 0, 0, 2, ' ', 0)
	for _, entry := range settings {
		value, origin := entry.Value, entry.Origin
		if value == "" {
			value = "-"
		}
		if slices.Contains([]string{config.EnvBackend, config.EnvProfile}, origin) {
			origin = "$" + origin
		}
		_, _ = fmt.Fprintf(w, "%s\t%s\t(%s)\n", entry.Key, ui.Printable(value), origin)
	}
	_, _ = fmt.Fprintf(w, "config file\t%s\nfile store\t%s\n", ui.Printable(s.Config.Paths.ConfigFile), ui.Printable(s.Config.Paths.Store))
	return w.Flush()
}
