package main

import (
	"slices"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/session"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/ui"
)

func newSourceCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "source",
		Usage: "read a key from a command, such as a vault client",
		Description: `If a key is already in Vault, 1Password, AWS Secrets Manager, sops or pass, ragenv can read it there instead of keeping
a copy. The config file names the command. It is run each time the key is needed: by ragenv, by Docker's helper or by a
kubelet.

  # Read the NGC key from pass
  ragenv source set NGC_API_KEY -- pass show ngc`,
		Subcommands: []*cli.Command{newSourceSetCommand(p), newSourceListCommand(p), newSourceRmCommand(p)},
	}
}

func newSourceListCommand(p *program) *cli.Command {
	var asJSON, all bool
	return &cli.Command{
		Name:  "list",
		Usage: "list the commands that keys come from",
		Description: `Runs none of them. --json prints an array of objects with the members name, profile, command (an array) and, where set, env (an
array) and cache.

  # Show which keys come from commands
  ragenv source list`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Destination: &asJSON, Usage: "print JSON"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Destination: &all, Usage: "list every profile"},
		},
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if err := commandline.NoArguments(c); err != nil {
				return err
			}
			return runSourceList(s, asJSON, all)
		},
	}
}

// sourceEntry is one element of source list --json. Its members are a public interface: only add to them.
type sourceEntry struct {
	Name    string   `json:"name"`
	Profile string   `json:"profile"`
	Command []string `json:"command"`
	Env     []string `json:"env,omitempty"`
	Cache   string   `json:"cache,omitempty"`
}

func runSourceList(s *session.Session, asJSON, all bool) error {
	profile := s.Config.Profile
	if all {
		profile = ""
	}
	entries := []sourceEntry{}
	for _, ref := range s.Config.Sourced(profile) {
		from, _ := s.Config.Source(ref)
		entry := sourceEntry{ref.Name, ref.Profile, nil, from.Env, from.Cache}
		for _, word := range from.Command {
			entry.Command = append(entry.Command, ui.WithoutKeys(word))
		}
		entries = append(entries, entry)
	}
	if asJSON {
		return ui.WriteJSON(s.Stdout, entries)
	}
	if len(entries) == 0 {
		s.Print.Note("no key comes from a command%s", s.InProfile())
		return nil
	}
	rows := [][]string{{"NAME", "CACHE", "COMMAND"}}
	for _, e := range entries {
		rows = append(rows, []string{e.Name, cacheText(e.Cache), shellquote.Words(e.Command)})
	}
	if all {
		rows[0] = slices.Insert(rows[0], 0, "PROFILE")
		for i, e := range entries {
			rows[i+1] = slices.Insert(rows[i+1], 0, e.Profile)
		}
	}
	return ui.StyleFor(s.Stdout, s.Getenv).Table(s.Stdout, rows)
}

func cacheText(cache string) string {
	if cache == "" {
		return "-"
	}
	return cache
}

func newSourceRmCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "rm",
		Usage:     "stop reading a key from a command",
		ArgsUsage: "NAME",
		Description: `Removes the entry from the config file. Nothing is removed from the vault.

  # Use a stored key again
  ragenv source rm NGC_API_KEY
  ragenv set NGC_API_KEY`,
		Action: func(c *cli.Context) error {
			s, err := p.session(c)
			if err != nil {
				return err
			}
			if c.NArg() != 1 {
				return ui.Usagef("ragenv source list", "ragenv source rm takes one name")
			}
			return s.RemoveSource(s.EnvRef(c.Args().First()))
		},
	}
}
