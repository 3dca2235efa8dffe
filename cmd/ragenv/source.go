package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/urfave/cli/v2"

	"github.com/ragenv/ragenv/internal/commandline"
	"github.com/ragenv/ragenv/internal/config"
	"github.com/ragenv/ragenv/internal/shellquote"
	"github.com/ragenv/ragenv/internal/source"
	"github.com/ragenv/ragenv/internal/ui"
	"github.com/ragenv/ragenv/pkg/keychain"
	"github.com/ragenv/ragenv/pkg/keychain/system"
)

// sourceCommand is the member source of list --json.
const sourceCommand = "command"

func newSourceCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:  "source",
		Usage: "get a key from a command, such as a vault's client",
		Description: `Where a key is kept in Vault, 1Password, AWS Secrets Manager, sops or pass already, ragenv asks there instead of keeping a copy.
The command is named in the config file, and run each time the key is needed: by ragenv, by Docker's helper and by a kubelet.

  # Read the NGC key from pass
  ragenv source set NGC_API_KEY -- pass show ngc`,
		Subcommands: []*cli.Command{newSourceSetCommand(p), newSourceListCommand(p), newSourceRmCommand(p)},
	}
}

func newSourceListCommand(p *program) *cli.Command {
	var asJSON, all bool
	return &cli.Command{
		Name:  "list",
		Usage: "show the commands that give keys",
		Description: `Runs none of them. --json prints an array of objects with the members name, profile, command (an array) and, where set, env (an
array) and cache.

  # Show which keys come from commands
  ragenv source list`,
		Flags: []cli.Flag{
			&cli.BoolFlag{Name: "json", Destination: &asJSON, Usage: "print JSON"},
			&cli.BoolFlag{Name: "all", Aliases: []string{"a"}, Destination: &all, Usage: "of every profile"},
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

// sourceEntry is one element of source list --json. Its members are an interface: they are only ever added to.
type sourceEntry struct {
	Name    string   `json:"name"`
	Profile string   `json:"profile"`
	Command []string `json:"command"`
	Env     []string `json:"env,omitempty"`
	Cache   string   `json:"cache,omitempty"`
}

func runSourceList(s *session, asJSON, all bool) error {
	profile := s.config.Profile
	if all {
		profile = ""
	}
	entries := []sourceEntry{}
	for _, ref := range s.config.Sourced(profile) {
		from, _ := s.config.Source(ref)
		entry := sourceEntry{ref.Name, ref.Profile, nil, from.Env, from.Cache}
		for _, word := range from.Command {
			entry.Command = append(entry.Command, ui.WithoutKeys(word))
		}
		entries = append(entries, entry)
	}
	if asJSON {
		return ui.WriteJSON(s.stdout, entries)
	}
	if len(entries) == 0 {
		s.print.Note("no key comes from a command%s", s.inProfile())
		return nil
	}
	w := tabwriter.NewWriter(ui.Shown(s.stdout), 0, 0, 2, ' ', 0)
	header := "NAME\tCACHE\tCOMMAND"
	if all {
		header = "PROFILE\t" + header
	}
	_, _ = fmt.Fprintln(w, header)
	for _, e := range entries {
		row := fmt.Sprintf("%s\t%s\t%s", ui.Printable(e.Name), cacheText(e.Cache), ui.Printable(shellWords(e.Command)))
		if all {
			row = e.Profile + "\t" + row
		}
		_, _ = fmt.Fprintln(w, row)
	}
	return w.Flush()
}

func cacheText(cache string) string {
	if cache == "" {
		return "-"
	}
	return cache
}

func shellWords(words []string) string {
	quoted := make([]string, len(words))
	for i, word := range words {
		quoted[i] = shellquote.Word(word)
	}
	return strings.Join(quoted, " ")
}

func newSourceRmCommand(p *program) *cli.Command {
	return &cli.Command{
		Name:      "rm",
		Usage:     "no longer get a key from a command",
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
			return runSourceRm(s, s.envRef(c.Args().First()))
		},
	}
}

func runSourceRm(s *session, ref keychain.Ref) error {
	if _, ok := s.config.Source(ref); !ok {
		return ui.Errorf("ragenv source list", "no command gives %s%s", ui.Printable(ref.Name), s.inProfile())
	}
	if err := s.commands().Forget(); err != nil {
		return err
	}
	if err := s.config.RemoveSource(ref); err != nil {
		return explainConfig(err)
	}
	s.print.Note("%s%s no longer comes from a command", ref.Name, s.inProfile())
	return nil
}

// commands runs the commands of the config file.
func (s *session) commands() *source.Commands {
	return &source.Commands{Config: s.config, Environ: system.Environ(), Limit: source.Limit}
}

// warnOfBoth says so where a key that comes from a command is stored, too: then it is not used.
func (s *session) warnOfBoth(k *keychain.Keychain, ref keychain.Ref) {
	if stored, err := k.Stored().Has(ref); err == nil && stored {
		err := &keychain.SourcedError{Ref: ref, Both: true}
		s.print.Warn("%s: %v", ui.Printable(ref.Name), err)
		s.print.Hint("%s", ui.Explain(err).Hint)
	}
}

// untilAsked says when a changed key is used.
func untilAsked(from config.Source) string {
	if from.Cache == "" {
		return "at once"
	}
	return "within " + from.Cache + " (ragenv lock: at once)"
}

// mayReplaceSource asks before a stored key takes the place of a command.
func (s *session) mayReplaceSource(ref keychain.Ref, forced bool) error {
	from, _ := s.config.Source(ref)
	if forced {
		return nil
	}
	program := ui.Printable(from.Command[0])
	terminal, err := ui.OpenTerminal()
	if err != nil {
		return ui.Errorf("to store one in its place: ragenv set"+s.forProfile()+" "+ref.Name+" --force", "%s comes from a command (%s)", ref.Name, program)
	}
	defer terminal.Close()
	yes, err := terminal.Confirm(fmt.Sprintf("%s comes from a command (%s). Store a key in its place?", ref.Name, program), false)
	if err == nil && !yes {
		err = ui.Errorf("", "nothing was changed")
	}
	return err
}
